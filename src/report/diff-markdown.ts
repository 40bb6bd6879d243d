/** A comparison of two results as Markdown, for a pull request or a model card. */
import type { ResultDiff } from "./diff.ts";
import {
  comparisonSentence,
  diffColumns,
  diffLists,
  diffSections,
  verdictSentence,
} from "./diff-sections.ts";
import { escapeMarkdown, inlineCode, markdownList, markdownTable } from "./markdown-text.ts";

/**
 * Writes a comparison: whether it is one, what became of the verdict, and every value that differs.
 *
 * @param diff the comparison
 */
export function diffMarkdown(diff: ResultDiff): string {
  const { before, after, comparison } = diff;
  const because = [...comparison.differences, ...comparison.cautions];
  const parts = [
    `## Backdoor scans: ${inlineCode(before.path)} and ${inlineCode(after.path)}`,
    `**${comparisonSentence(diff)}**`,
    ...(because.length === 0 ? [] : [markdownList(because.map(escapeMarkdown))]),
    `**${escapeMarkdown(verdictSentence(diff))}**`,
    ...diffSections(diff).flatMap((section) => {
      const { head, rows } = diffColumns(section);
      const cells = rows.map((row) => row.map(escapeMarkdown));
      return [heading(section.title), markdownTable(head, cells)];
    }),
    ...diffLists(diff).flatMap(({ title, items }) => [
      heading(title),
      markdownList(items.map(escapeMarkdown)),
    ]),
    "All else is the same.",
  ];
  return `${parts.join("\n\n")}\n`;
}

const heading = (title: string): string => `### ${title.charAt(0).toUpperCase()}${title.slice(1)}`;
