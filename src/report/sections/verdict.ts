/** What the verdict rests on. */
import type { ReportContext } from "../chart-document.ts";
import { scoreFigure } from "../charts/score-chart.ts";
import { figures, list, part, valueTable } from "../page/elements.ts";
import type { Section } from "../page/page.ts";
import type { ScanResult } from "../result.ts";
import { scoreInterval } from "../suspects.ts";
import { evidenceRows, scoreText } from "../table.ts";

/** The score beside its threshold, the numbers of the verdict, and warnings. */
export function verdictSection(result: ScanResult, context: ReportContext): Section {
  const { score, threshold, warnings } = result;
  const interval = scoreInterval(result);
  const text = (value: number): string => scoreText(result, value);
  const [first, ...rest] = evidenceRows(result).map(([name, value, meaning]) => ({ name, value, meaning }));
  const range = { name: "interval", meaning: "of the score" };
  const rows = [
    first!,
    {
      ...range,
      value: interval === null ? "not measured" : `${text(interval.low)} to ${text(interval.high)}`,
    },
    ...rest,
  ];
  return {
    id: "verdict",
    title: "Verdict",
    html: [
      figures([
        scoreFigure(context, { score, threshold, interval }, text),
        valueTable("Numbers of the verdict", rows),
      ]),
      part("Warnings", list(warnings)),
    ],
  };
}
