import type { AskRow } from "../../src/protocol";
import { visible } from "../visible";

/** What a call would do: a command as it is, a change line by line. */
export function Detail({ row }: { row: AskRow }) {
  const lines = visible(row.detail).split("\n");
  const shown = row.action === "edit" ? lines.filter((_, at) => !heading(lines, at)) : lines;
  return (
    <pre class="ask-detail" tabIndex={0} aria-label={row.action === "edit" ? `The change of ${row.target}` : "What it would do"}>
      {shown.map((line, at) => (row.action === "edit" ? <Line key={at} line={line} /> : `${line}\n`))}
    </pre>
  );
}

/** Whether a line only names the file, which the first two do, or the one place in it. */
function heading(lines: string[], at: number): boolean {
  const line = lines[at] ?? "";
  if (at < 2) return line.startsWith(at === 0 ? "--- " : "+++ ");
  return line.startsWith("@@ ") && lines.filter((one) => one.startsWith("@@ ")).length === 1;
}

function Line({ line }: { line: string }) {
  if (line.startsWith("@@")) return <span class="hunk">{`${line}\n`}</span>;
  if (line.startsWith("+")) return <ins>{`${line}\n`}</ins>;
  if (line.startsWith("-")) return <del>{`${line}\n`}</del>;
  return <>{`${line}\n`}</>;
}
