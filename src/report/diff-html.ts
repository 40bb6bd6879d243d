/** A comparison of two results as one HTML file, in the frame of all reports. */
import type { ResultDiff } from "./diff.ts";
import {
  comparisonSentence,
  diffColumns,
  diffLists,
  diffSections,
  verdictSentence,
} from "./diff-sections.ts";
import { list, paragraph, wideTable } from "./page/elements.ts";
import { type Page, pageHtml } from "./page/page.ts";

/**
 * Draws a comparison as an HTML page that works from a file: whether it is one, what became of the verdict, and every value that
 * differs.
 *
 * @param diff the comparison
 */
export function diffHtml(diff: ResultDiff): string {
  const { before, after, comparison } = diff;
  const names = `${before.path} -> ${after.path}`;
  const tables = diffSections(diff).map((section) => {
    const { head, rows } = diffColumns(section);
    const title = capitalized(section.title);
    return { id: idOf(section.title), title, html: [wideTable(title, head, rows)] };
  });
  const lists = diffLists(diff).map(({ title, items }) => ({
    id: idOf(title),
    title: capitalized(title),
    html: [list(items)],
  }));
  return pageHtml({
    title: `DRMGuard: ${names}`,
    subject: names,
    ...badgeOf(diff),
    lead: [
      paragraph(comparisonSentence(diff)),
      list([...comparison.differences, ...comparison.cautions]),
      paragraph(verdictSentence(diff)),
    ],
    sections: [...tables, ...lists],
    data: diff,
    dataName: "diff.json",
  });
}

function badgeOf({ verdict, comparison }: ResultDiff): Pick<Page, "badge" | "tone"> {
  if (verdict.isChanged) return { badge: "verdict changed", tone: "backdoored" };
  if (comparison.kind === "different") return { badge: "not comparable", tone: "inconclusive" };
  return { badge: "same verdict", tone: "benign" };
}

const idOf = (title: string): string => title.replaceAll(" ", "-");
const capitalized = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
