import type { SessionTranscript, Row } from "./protocol";

/** The conversation as Markdown, for a screen reader, a search or a colleague. */
export function transcript({ objective, role, model, rows }: SessionTranscript): string {
  const head = [`# ${objective}`, `${role} · ${model}`];
  return `${[...head, ...rows.map(said)].filter(Boolean).join("\n\n")}\n`;
}

/** A name for a session's file, that every system takes. */
export function fileName(objective: string): string {
  const words = objective.replaceAll(/[^\p{L}\p{N}'’-]+/gu, " ").trim();
  const [short = ""] = /^.{0,60}(?= |$)/u.exec(words) ?? [words.slice(0, 60)];
  return short.trim() || "Session";
}

function said(row: Row): string {
  switch (row.kind) {
    case "user":
      return `## Turn ${row.turn}${row.waiting ? " (queued)" : ""}\n\n${quoted(row.text)}`;
    case "agent":
      return row.partial ? `${row.text}\n\n*This answer was cut short.*` : row.text;
    case "tool":
      return `**${row.tool}** \`${row.title.replaceAll("`", "'")}\`${row.status === "done" ? "" : ` (${row.status})`}${fenced(row.result)}`;
    case "ask":
      return `*Asked for approval: ${row.action} ${row.target}, ${row.status}${row.reason ? `: ${row.reason}` : ""}*`;
    case "entry":
      return `> **${row.label}**: ${row.text}`;
    case "file":
      return `*File in the context: ${row.path} (${row.form})*`;
    case "compaction":
      return `---\n\n*Compacted through turn ${row.through}: ${row.before} → ${row.after} tokens, ${row.held}/${row.live} kept${row.undone ? ", undone" : ""}*`;
    case "held":
      return `*A compaction through turn ${row.through} waits: ${row.before} → ${row.after} tokens*`;
    case "archive":
      return `*Change of the project archive: ${row.added} added, ${row.removed} taken out, ${row.status}*`;
    case "thought":
      return `*Thought*\n\n${quoted(row.text)}`;
    case "bill":
      return `*${[row.text, ...row.again.map((line) => `paid again: ${line}`)].join("; ")}*`;
    case "notice":
      return `*${row.text}*`;
    default:
      return row satisfies never;
  }
}

function quoted(text: string): string {
  return text.split("\n").map((line) => `> ${line}`).join("\n");
}

/** A fence that is longer than any in the text. */
function fenced(text: string): string {
  if (!text.trim()) return "";
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = "`".repeat(longest + 1);
  return `\n\n${fence}\n${text}\n${fence}`;
}
