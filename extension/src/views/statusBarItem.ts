import { MarkdownString, StatusBarAlignment, window, type Disposable } from "vscode";
import { count, dollars, percent, plural, share } from "../numbers";
import type { Meter, State } from "../protocol";
import type { StateStore } from "../stateStore";

/** The one status bar item: how full the context is and what the session has cost. */
export function showStatusBarItem(store: StateStore): Disposable[] {
  const item = window.createStatusBarItem("throughline.status", StatusBarAlignment.Right, 90);
  item.name = "Throughline";
  item.command = "throughline.report";
  let shown: Partial<State> = {};
  const show = () => {
    const { session, meter, activity } = store.state;
    // Most patches are words of an answer, and each change of the item crosses to the window.
    if (shown.session === session && shown.meter === meter && shown.activity === activity) return;
    shown = { session, meter, activity };
    if (!session) return item.hide();
    const cost = meter.dollars === null ? "" : ` · ${dollars(meter.dollars)}`;
    item.text = `$(${activity === "compacting" ? "loading~spin" : "archive"}) ${percent(meter)}%${cost}`;
    item.tooltip = tooltip(store.state);
    item.accessibilityInformation = {
      label: `Throughline: the context is ${percent(meter)} percent full, ${dollars(meter.dollars)}`,
      role: "button",
    };
    item.show();
  };
  show();
  return [item, store.onDidChange(show)];
}

function tooltip({ session, meter, activity }: State): MarkdownString {
  const text = new MarkdownString().appendText(session?.objective ?? "");
  if (activity === "compacting") text.appendMarkdown("\n\nCompacting …");
  return text.appendMarkdown(`\n\n${table(meter)}\n\n${bill(meter)}\n\nClick for the report`);
}

function table(meter: Meter): string {
  const rows = meter.parts.map(({ label, tokens }) => `| ${label.replaceAll("|", "\\|")} | ${count(tokens)} | ${share(tokens, meter.limit)} |`);
  const total = `| **All of ${count(meter.limit)}** | **${count(meter.used)}** | **${share(meter.used, meter.limit)}** |`;
  return ["| Context of the next call | Tokens | Share |", "|:--|--:|--:|", ...rows, total].join("\n");
}

function bill({ calls, input, output, dollars: cost }: Meter): string {
  return `${plural(calls, "call")} · ${count(input)} in · ${count(output)} out · ${dollars(cost)}`;
}
