import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { readdir, rm, stat, utimes } from "node:fs/promises";
import path from "node:path";
import { createInterface } from "node:readline";
import { ProgressLocation, window, type ExtensionContext } from "vscode";
import unpack from "./unpack.py";

/** A library that no window has started from for so long is of a version that is gone. */
const STALE = 30 * 24 * 3600_000;

/** The sidecar's Python packages as they travel with the extension: wheels, unpacked once into its own storage. */
export class Packages {
  readonly #folder: string;
  readonly #storage: string;
  readonly #text: string;
  readonly #wheels: Record<string, string[]>;

  private constructor(folder: string, storage: string) {
    this.#folder = folder;
    this.#storage = storage;
    this.#text = readFileSync(path.join(folder, "manifest.json"), "utf8");
    this.#wheels = JSON.parse(this.#text).wheels;
  }

  /** Those of this extension; undefined where it was built without, for use from a checkout. */
  static of(context: ExtensionContext): Packages | undefined {
    const folder = context.asAbsolutePath("wheels");
    if (!existsSync(path.join(folder, "manifest.json"))) return undefined;
    return new Packages(folder, path.join(context.globalStorageUri.fsPath, "packages"));
  }

  /** The minor versions of Python that they are for, such as 3.12. */
  get pythons(): string[] {
    return Object.keys(this.#wheels);
  }

  /** The folder with the packages for a Python, unpacked with progress where they are not yet. Throws Error. */
  async library(command: string, minor: string): Promise<string> {
    const digest = createHash("sha256").update(this.#text).digest("hex").slice(0, 12);
    const library = path.join(this.#storage, `${digest}-${minor}`);
    if (!existsSync(library)) {
      await window.withProgress(
        { location: ProgressLocation.Notification, title: "Throughline: unpacking its Python packages" },
        (progress) => this.#unpack(command, minor, library, (share) => progress.report({ increment: share })),
      );
    }
    await utimes(library, new Date(), new Date());
    await this.#tidy(library);
    return library;
  }

  async #unpack(command: string, minor: string, library: string, advance: (percent: number) => void): Promise<void> {
    const child = spawn(command, ["-I", "-S", "-X", "utf8", "-c", unpack, this.#folder, library, minor]);
    const complaints = child.stderr.setEncoding("utf8").toArray();
    createInterface({ input: child.stdout }).on("line", (line) => advance(100 / Number(line.split(" ")[1])));
    const [code] = await once(child, "close");
    if (code === 0) return;
    const last = (await complaints).join("").trim().split("\n").at(-1);
    throw new Error(`Throughline's Python packages could not be unpacked into ${this.#storage}: ${last || `exit status ${code}`}.`);
  }

  /** Takes away what older versions of the extension have left. */
  async #tidy(library: string): Promise<void> {
    for (const name of await readdir(this.#storage)) {
      const folder = path.join(this.#storage, name);
      if (folder !== library && Date.now() - (await stat(folder)).mtimeMs > STALE) await rm(folder, { recursive: true });
    }
  }
}
