import { commands, type Uri } from "vscode";
import type { ReadonlyTexts } from "./readonlyTexts";

/** Opens a text in the editor's Markdown preview. A tab of its own: a shared one would turn to whatever is opened next. */
export async function openPreview(texts: ReadonlyTexts, name: string, markdown: string): Promise<Uri> {
  const uri = texts.put(name, markdown);
  await commands.executeCommand("vscode.openWith", uri, "vscode.markdown.preview.editor");
  return uri;
}
