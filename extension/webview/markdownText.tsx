import { useMemo, useState } from "preact/hooks";
import { post } from "./bridge";
import { highlighted } from "./highlight";
import { blocks, type Block } from "./markdown";

/** Markdown, block by block: while it grows, only its last block renders anew. */
export function MarkdownText({ text }: { text: string }) {
  return (
    <div class="markdown" onClick={follow}>
      {blocks(text).map((block, at) => (
        <BlockView key={at} block={block} />
      ))}
    </div>
  );
}

function BlockView({ block }: { block: Block }) {
  if (block.kind === "code") return <Code language={block.language} text={block.text} />;
  return <div class="block" dangerouslySetInnerHTML={{ __html: block.html }} />;
}

function Code({ language, text }: { language: string; text: string }) {
  const [copied, setCopied] = useState(false);
  const coloured = useMemo(() => highlighted(text, language), [text, language]);
  const copy = () => {
    post({ kind: "copy", text });
    setCopied(true);
    setTimeout(() => setCopied(false), 1500);
  };
  return (
    <div class="block code">
      <div class="code-head">
        <span>{language}</span>
        <button class="quiet" aria-label="Copy this code" onClick={copy}>
          {copied ? "Copied" : "Copy"}
        </button>
        <button class="quiet" aria-label="Insert this code at the cursor" onClick={() => post({ kind: "insert", text })}>
          Insert
        </button>
      </div>
      <pre tabIndex={0}>{coloured === null ? <code>{text}</code> : <code dangerouslySetInnerHTML={{ __html: coloured }} />}</pre>
    </div>
  );
}

/** The editor opens addresses of the web; a path is opened as a file of the workspace. */
function follow(event: MouseEvent): void {
  const link = event.target instanceof Element ? event.target.closest("a") : null;
  const href = link?.getAttribute("href") ?? "";
  if (!link || /^(https?|mailto):/i.test(href)) return;
  event.preventDefault();
  event.stopPropagation();
  if (href && !href.startsWith("#")) post({ kind: "open", path: href });
}
