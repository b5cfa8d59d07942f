#!/usr/bin/env node
// Starts the installed editor on the loopback with an extension in it and a folder open.
// As a command it serves until it is interrupted; as a module it serves until `stop()`.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, rmSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, readdir, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import { command, installed, project } from './install.mjs';

/** How long the editor may take to answer, and how long to end by itself, in milliseconds. */
const START = 30_000;
const END = 3_000;

/** What keeps a fresh editor quiet: no welcome page, no assistant of its own, no advice. Given settings win. */
const CALM = {
  'chat.disableAIFeatures': true,
  'explorer.compactFolders': false,
  'extensions.ignoreRecommendations': true,
  'git.openRepositoryInParentFolders': 'never',
  'telemetry.telemetryLevel': 'off',
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'workbench.startupEditor': 'none',
  'workbench.tips.enabled': false,
};

/** The editors that run now; whatever ends this process ends them first. */
const running = new Set();
let guarded = false;

/** Something that the person at the terminal can put right; its message is one sentence that says how. */
export class ServeError extends Error {}

/**
 * Starts an editor and resolves once it answers. Throws ServeError.
 *
 * `folder` is opened; each file of `vsix` is installed; `settings` become the machine's settings; `env` is added to
 * the environment that extensions see; `home` keeps the profile, the extensions and the logs, and when none is given
 * a fresh one is made and removed again; port 0 takes a free one.
 */
export async function serve({ folder, vsix = [], settings = {}, env = {}, home, port = 0 }) {
  if (!installed()) throw new ServeError('the editor is not installed; run `node tests/editor/install.mjs`');
  const opened = path.resolve(folder);
  await demand(opened, 'isDirectory', `there is no folder ${opened}`);
  for (const file of vsix) await demand(file, 'isFile', `there is no file ${file}; build the extension first`);

  guard();
  const editor = new Editor(opened, home ? path.resolve(home) : await makeHome(), !home);
  try {
    await editor.prepare(vsix, settings, env);
    await editor.start(port);
  } catch (error) {
    editor.kill();
    throw error;
  }
  return editor;
}

/** One editor: its profile on disk, its process group, its address. */
class Editor {
  #child;
  #env;
  #exited;
  #fresh;

  constructor(folder, home, fresh) {
    this.folder = folder;
    this.home = home;
    /** Where a browser finds it with the folder open. */
    this.url = '';
    this.#fresh = fresh;
    running.add(this);
  }

  async prepare(vsix, settings, env) {
    // Without a gallery to ask, the editor looks for nothing on the network.
    this.#env = { ...environment(), EXTENSIONS_GALLERY: '{}', XDG_DATA_HOME: path.join(this.home, 'share'), ...env };
    const machine = path.join(this.home, 'data', 'Machine');
    await mkdir(machine, { recursive: true });
    await writeFile(path.join(machine, 'settings.json'), JSON.stringify({ ...CALM, ...settings }, null, 2));
    for (const file of vsix) {
      const child = this.#spawn(['--install-extension', path.resolve(file), '--force']);
      const output = Promise.all([child.stdout.toArray(), child.stderr.toArray()]);
      const [code] = await once(child, 'close');
      if (code !== 0) throw new ServeError(`the editor refused ${file}: ${lastLine((await output).flat().join(''))}`);
    }
  }

  async start(port) {
    const child = this.#spawn([
      ...['--bind-addr', `127.0.0.1:${port}`, '--auth', 'none', '--disable-telemetry', '--disable-update-check'],
      ...['--disable-workspace-trust', '--disable-getting-started-override', '--disable-proxy'],
    ]);
    const file = createWriteStream(path.join(this.home, 'server.log'));
    child.stdout.pipe(file, { end: false });
    child.stderr.pipe(file, { end: false });

    const address = await new Promise((resolve, reject) => {
      const fail = (why) => reject(new ServeError(`the editor did not start: ${why}`));
      const late = setTimeout(() => fail(`no answer within ${START / 1000} s`), START);
      let last = 'it said nothing';
      const read = (line) => {
        last = line;
        const found = /HTTP server listening on (\S+)/.exec(line);
        if (found) resolve(found[1]);
      };
      createInterface({ input: child.stdout }).on('line', read);
      createInterface({ input: child.stderr }).on('line', read);
      child.once('close', () => fail(last)).once('exit', () => clearTimeout(late));
    });
    this.url = `${address}?folder=${this.folder.split('/').map(encodeURIComponent).join('/')}`;
  }

  /** What the editor, its extension hosts and its output channels wrote, by file. */
  async logs() {
    const files = await readdir(this.home, { recursive: true });
    const read = async (file) => [file, await readFile(path.join(this.home, file), 'utf8')];
    return Object.fromEntries(await Promise.all(files.filter((file) => file.endsWith('.log')).map(read)));
  }

  /** Lets the editor and everything that it started end, then makes it; removes a fresh home. */
  async stop() {
    if (!running.has(this)) return;
    this.#signal('SIGTERM');
    const slow = setTimeout(() => this.#signal('SIGKILL'), END);
    await this.#exited;
    clearTimeout(slow);
    this.kill();
  }

  /** Ends it at once. Synchronous, for when this process is about to end. */
  kill() {
    this.#signal('SIGKILL');
    if (this.#fresh) rmSync(this.home, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
    running.delete(this);
  }

  /** Starts the editor's program on this profile, in a process group of its own; there is one at a time. */
  #spawn(args) {
    if (!running.has(this)) throw new ServeError('the editor was stopped before it had started');
    const { node, script } = command();
    const folder = (name) => path.join(this.home, name);
    const profile = ['--config', '/dev/null', '--user-data-dir', folder('data')];
    this.#child = spawn(node, [script, ...profile, '--extensions-dir', folder('extensions'), ...args], {
      env: this.#env,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#exited = once(this.#child, 'exit');
    return this.#child;
  }

  /** Signals the whole process group; one that is gone already is what was wanted. */
  #signal(name) {
    if (!this.#child?.pid) return;
    try {
      process.kill(-this.#child.pid, name);
    } catch (error) {
      if (error.code !== 'ESRCH') throw error;
    }
  }
}

async function demand(file, kind, otherwise) {
  const found = await stat(file).catch((error) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  if (!found?.[kind]()) throw new ServeError(otherwise);
}

async function makeHome() {
  const runs = path.join(project, 'build', 'editor', 'runs');
  await mkdir(runs, { recursive: true });
  return mkdtemp(path.join(runs, 'run-'));
}

/** This process's environment without what would steer the editor: another editor's terminal, a port, a debugger. */
function environment() {
  const steers = /^(VSCODE_|CODE_SERVER_|ELECTRON_|NODE_OPTIONS$|PORT$|PASSWORD$|HASHED_PASSWORD$)/;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !steers.test(name)));
}

function lastLine(text) {
  return text.trim().split('\n').at(-1);
}

/** Makes sure, once, that no editor outlives this process, however that ends short of a SIGKILL. */
function guard() {
  if (guarded) return;
  guarded = true;
  process.once('exit', () => running.forEach((editor) => editor.kill()));
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    const end = async () => {
      const all = [...running];
      await Promise.all(all.map((editor) => editor.stop()));
      // One that was still being prepared may have written meanwhile.
      all.forEach((editor) => editor.kill());
      process.off(name, end);
      process.kill(process.pid, name);
    };
    process.on(name, end);
  }
}

/** Reads the command line into the options of `serve`. */
function options() {
  try {
    const { values } = parseArgs({
      options: {
        folder: { type: 'string' },
        vsix: { type: 'string', multiple: true },
        settings: { type: 'string', default: '{}' },
        home: { type: 'string' },
        port: { type: 'string', default: '0' },
      },
    });
    if (!values.folder) throw new ServeError('say which folder to open: --folder DIR');
    return { ...values, settings: JSON.parse(values.settings) };
  } catch (error) {
    if (error instanceof SyntaxError) throw new ServeError(`--settings is not JSON: ${error.message}`);
    if (error.code?.startsWith('ERR_PARSE_ARGS')) throw new ServeError(error.message);
    throw error;
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    const editor = await serve(options());
    console.log(`editor: ${editor.url}\neditor: Ctrl+C ends it`);
  } catch (error) {
    if (!(error instanceof ServeError)) throw error;
    console.error(`editor: ${error.message}`);
    process.exitCode = 1;
  }
}
