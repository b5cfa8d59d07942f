import { window, type QuickPickItem } from "vscode";
import type { App } from "../app";
import type { RecallMatch } from "../protocol";
import { resume } from "./resume";

type Choice = QuickPickItem & { place?: RecallMatch };

/** Finds where something was said, in this session first, and shows the turn. */
export async function recall(app: App, given?: string): Promise<void> {
  const words = given?.trim() || (await window.showInputBox({ title: "Recall", prompt: "Words that were said, all of them together." }));
  if (!words?.trim()) return;
  const own = app.mirror.state.session?.id;
  const { places } = await app.sidecar.ask("throughline/search/recall", { words, everywhere: true });
  if (places.length === 0) return void window.showInformationMessage(`Nothing was said with all these words: ${words}`);
  const here = places.filter(({ session }) => session === own);
  const there = places.filter(({ session }) => session !== own);
  const items: Choice[] = [...here, ...there].map((place) => ({
    label: place.excerpt.replaceAll(/\s+/g, " ").trim(),
    description: `turn ${place.turn} · ${place.said.replaceAll("_", " ")}`,
    ...(place.session === own ? {} : { detail: place.objective }),
    place,
  }));
  const picked = await window.showQuickPick(items, { title: `Recall: ${words}`, placeHolder: "Where it was said", matchOnDetail: true });
  if (!picked?.place) return;
  if (picked.place.session !== own) await resume(app, picked.place.session);
  app.pages.reveal(picked.place.row);
}
