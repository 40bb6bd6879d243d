/** Text that came from models and files, as Markdown (GitHub's, which Hugging Face reads too) that shows it and nothing else. */
import { printable } from "./table.ts";

/** Characters that begin something inside of a line. Without its beginning the end of a link, tag or entity means nothing. */
const special = /[\\`*_{[<|~&$]/g;

/**
 * Text as a part of a line, with no meaning left in any character.
 *
 * @param text anything; control characters become question marks
 */
export function escapeMarkdown(text: string): string {
  return (
    printable(text)
      .trim()
      .replaceAll(special, "\\$&")
      // Bare addresses become links.
      .replaceAll("://", "\\://")
      .replaceAll(/(www)\./gi, "$1\\.")
      // What begins a list, a heading or a quotation at the start of a line.
      .replace(/^(?:[-+=](?=[-=\s]|$)|[#>])/, "\\$&")
      .replace(/^(\d+)([.)])(?=\s|$)/, "$1\\$2")
  );
}

/**
 * Text as code within a line; as escaped text where it holds a pipe, which would end the cell of a table within code too.
 *
 * @param text anything
 */
export function inlineCode(text: string): string {
  const shown = printable(text);
  if (shown.includes("|") || shown.trim() === "") return escapeMarkdown(shown);
  const fence = fenceFor(shown, 1);
  // A space on both sides is taken away again; without it a backtick at an end would belong to the fence.
  const space = /^[` ]|[` ]$/.test(shown) ? " " : "";
  return `${fence}${space}${shown}${space}${fence}`;
}

/**
 * Lines as a block of code.
 *
 * @param language what highlights it
 */
export function codeBlock(text: string, language: string): string {
  const fence = fenceFor(text, 3);
  return `${fence}${language}\n${text}\n${fence}`;
}

/** More backticks in a row than the text has. */
function fenceFor(text: string, least: number): string {
  const runs = text.match(/`+/g)?.map(({ length }) => length) ?? [];
  return "`".repeat(Math.max(least, ...runs.map((length) => length + 1)));
}

/**
 * A table.
 *
 * @param rows cells that are Markdown already, as many in each row as in the head
 */
export function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

/**
 * A list.
 *
 * @param items Markdown of one line each
 */
export function markdownList(items: readonly string[]): string {
  return items.map((item) => `- ${item}`).join("\n");
}
