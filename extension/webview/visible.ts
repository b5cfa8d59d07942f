/** Characters that a person does not see, and a terminal or a text's direction obeys; line ends and tabs stay. */
const HIDDEN =
  // eslint-disable-next-line no-misleading-character-class
  /(?![\n\t\u0600-\u0605\u06DD\u070F\u0890\u0891\u08E2\u{110BD}\u{110CD}])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]/gu;

/** Letters of scripts that are spelt with joiners, pictures that joiners hold together, and what a selector draws as a picture. */
const JOINING = /\p{Script=Arabic}|\p{Script=Syriac}|\p{Script=Mongolian}|[\u0900-\u0DFF\u0E80-\u109F\u1780-\u17FF]/u;
const PICTURE = /[\p{Extended_Pictographic}\p{Emoji_Modifier}\u{1F1E6}-\u{1F1FF}\uFE0F]/u;
const STYLED = /[\p{Emoji}\p{Extended_Pictographic}]/u;

/** What a terminal would take as a command: colours, cursor moves, titles. */
// eslint-disable-next-line no-control-regex
const ESCAPES = /\u001B(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001B]*(?:\u0007|\u001B\\)?|[@-Z\\-_])/g;

/** Text in which nothing hides: what cannot be seen is written out. In prose, a script's and an emoji's own spelling stays. */
export function visible(text: string, prose = false): string {
  const whole = prose ? text.replace(/\r\n/g, "\n") : text;
  return whole.replace(HIDDEN, (sign, at: number) => (prose && spelt(whole, sign, at) ? sign : `[U+${code(sign)}]`));
}

/** A program's output as text: without what would only move a terminal's cursor, and in which nothing hides. */
export function output(text: string): string {
  return visible(text.replace(ESCAPES, ""), true);
}

/** Whether a hidden character belongs to how the text around it is spelt. */
function spelt(text: string, sign: string, at: number): boolean {
  const before = Array.from(text.slice(Math.max(0, at - 2), at)).at(-1) ?? "";
  const after = String.fromCodePoint(text.codePointAt(at + sign.length) ?? 0);
  if (sign === "\uFE0F") return STYLED.test(before);
  if (sign !== "\u200C" && sign !== "\u200D") return false;
  return JOINING.test(before) || (sign === "\u200D" && PICTURE.test(before) && PICTURE.test(after) && after !== "\uFE0F");
}

function code(sign: string): string {
  return (sign.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0");
}
