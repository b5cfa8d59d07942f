import type { Finding } from "./protocol";

/** What the editor's side knows of itself. */
export interface About {
  editor: string;
  extension: string;
  /** Whether a key is in the editor's secret storage. */
  stored: boolean;
}

/** What the doctor found, as Markdown: first what is to be mended. */
export function diagnosis(about: About, findings: Finding[]): string {
  const ill = findings.filter(({ well }) => !well);
  const well = findings.filter((one) => one.well);
  return [
    "# Throughline Doctor",
    ill.length === 0 ? "All is well." : section("To mend", ill.map(({ what, mend }) => `**${plain(what)}**: ${plain(mend)}`)),
    section("What works", well.map(({ what }) => plain(what))),
    section("Versions", [
      plain(about.editor),
      `Throughline ${plain(about.extension)}`,
      `API key in the editor's secret storage: ${about.stored ? "yes" : "no (**Throughline: Set API Key** puts one there)"}`,
    ]),
    "The log says more: run **Throughline: Show Log**.",
  ]
    .filter(Boolean)
    .join("\n\n")
    .concat("\n");
}

/** The findings that the command line has printed, a line each. */
export function printed(lines: string): Finding[] {
  return lines.split(/\r?\n/).flatMap((line) => {
    const [, mark, text = ""] = /^(ok|!!) (.+)$/.exec(line) ?? [];
    const [, what = text, mend = ""] = (mark === "!!" && /^(.+?): (.+)$/.exec(text)) || [];
    return mark ? [{ what, well: mark === "ok", mend }] : [];
  });
}

function section(title: string, lines: string[]): string {
  return lines.length === 0 ? "" : [`## ${title}`, "", ...lines.map((line) => `- ${line}`)].join("\n");
}

/** Text that Markdown shows as it is, on one line. */
function plain(text: string): string {
  return text.replaceAll(/\s+/g, " ").replaceAll(/[\\`*_[\]<>#|]/g, "\\$&");
}
