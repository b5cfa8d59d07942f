import { randomBytes } from "node:crypto";
import { Uri, type Webview } from "vscode";

/** The page's frame: one script, one style sheet, nothing from anywhere else. */
export function html(webview: Webview, dist: Uri): string {
  const nonce = randomBytes(16).toString("base64");
  const address = (file: string) => webview.asWebviewUri(Uri.joinPath(dist, file));
  return `<!DOCTYPE html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src ${webview.cspSource}; script-src 'nonce-${nonce}'">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <link rel="stylesheet" href="${address("webview.css")}">
    <title>Throughline</title>
  </head>
  <body>
    <script nonce="${nonce}" src="${address("webview.js")}"></script>
  </body>
</html>`;
}
