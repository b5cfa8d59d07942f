import { commands, type Uri } from "vscode";
import type { Texts } from "./texts";

/** Shows a text as a page to read. A preview would turn to whatever Markdown is opened next. */
export async function read(texts: Texts, name: string, markdown: string): Promise<Uri> {
  const uri = texts.put(name, markdown);
  await commands.executeCommand("vscode.openWith", uri, "vscode.markdown.preview.editor");
  return uri;
}
