import { CancellationTokenSource, Uri, workspace } from "vscode";
import { TextDocumentEdit, type ApplyWorkspaceEditRequest, type LanguageClientOptions } from "vscode-languageclient/node";

type Middleware = NonNullable<NonNullable<NonNullable<LanguageClientOptions["middleware"]>["workspace"]>["handleApplyEdit"]>;

/** Makes an edit of the agent's, and saves what it changed: the commands that the agent runs next read the disk. */
export const saveAgentEdits: Middleware = async (params, next: ApplyWorkspaceEditRequest.HandlerSignature) => {
  const result = await next(params, new CancellationTokenSource().token);
  if (!("applied" in result) || !result.applied) return result;
  const edits = (params.edit.documentChanges ?? []).filter((change) => TextDocumentEdit.is(change));
  const changed = new Set(edits.map(({ textDocument }) => Uri.parse(textDocument.uri).toString()));
  for (const document of workspace.textDocuments) if (changed.has(document.uri.toString())) await document.save();
  return result;
};
