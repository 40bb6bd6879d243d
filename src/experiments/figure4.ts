/** Figure 4: where a scan takes the target to be, over its steps, beside the true one. */
import { chartDocument } from "../jobs/chart-document.ts";
import { type Panel, panelsSvg } from "../report/panels.ts";
import { compactTable, type Experiment, paragraphs, short, unfinishedNote } from "./experiment.ts";
import { scanRows } from "./identification.ts";
import { conditionTitles, mainConditions } from "./models.ts";
import { experimentTitles } from "./names.ts";
import { tasks } from "./profile.ts";
import type { FinishedScan } from "./scan-item.ts";

const colors = { estimate: "reversed", truth: "clean" } as const;

/** Figure 4 of the paper, for the first seed, one picture a task and method: a row for each output, a column for each attack. */
export const figure4: Experiment = {
  name: "figure4",
  title: `Figure 4: ${experimentTitles.figure4}`,
  needs: ({ tasks: chosen, seeds, methods }) => ({
    scans: chosen.flatMap((task) =>
      mainConditions.flatMap((condition) =>
        // Others search for many targets at once, and have no one estimate on the way.
        (methods ?? (["paper"] as const)).map((method) => ({
          model: { task, condition, seed: seeds[0]! },
          method,
          options: {},
          share: 1,
        })),
      ),
    ),
  }),
  async evaluate(findings) {
    const rows = findings.scans.map((scan) => ({ ...scanRows(scan)[0]!, estimates: estimatesOf(scan) }));
    const context = { document: await chartDocument() };
    const pictures: Record<string, string> = {};
    for (const task of tasks) {
      for (const method of new Set(findings.scans.map(({ spec }) => spec.method))) {
        const scans = findings.scans.filter(({ spec }) => spec.model.task === task && spec.method === method);
        if (scans.length === 0) continue;
        const labels = scans[0]!.model.report.data.labels;
        const panels = labels.flatMap(({ name, unit }, j) =>
          scans.map((scan) => panelOf(scan, j, `${name} (${unit})`)),
        );
        pictures[`figure4-${task}-${method}.svg`] = panelsSvg(
          context,
          `${task}: the target that ${method} estimates (orange) over its steps, beside the true one (blue)`,
          panels,
          scans.length,
        );
      }
    }
    return {
      json: { models: rows, unfinished: findings.unfinished },
      markdown: paragraphs(
        ...Object.keys(pictures).map((name) => `![Estimated and true targets](${name})`),
        compactTable(
          ["task", "attack", "method", "verdict", "estimate at the end", "true target", "error"],
          rows.map((row) => [
            row.task,
            conditionTitles[row.condition],
            row.method,
            row.verdict,
            row.target.map(short).join(", "),
            row.trueTargets[0]!.map(short).join(", "),
            row.targetError === null ? "" : short(row.targetError),
          ]),
          [],
        ),
        unfinishedNote(findings),
        "Targets are in the model's unit, errors in degrees where outputs are angles. A method that searches for many targets at once has no estimate before its end.",
      ),
      pictures,
    };
  },
};

/** Step and estimate, where a method says what it takes the target to be on the way. */
function estimatesOf({ result }: FinishedScan): { step: number; target: number[] }[] {
  const names = result.target.map((_, j) => `target ${j}`);
  return result.terms.flatMap(({ step, values }) =>
    names.every((name) => name in values) ? [{ step, target: names.map((name) => values[name]!) }] : [],
  );
}

function panelOf(scan: FinishedScan, j: number, y: string): Panel {
  const estimates = estimatesOf(scan);
  const end = scan.result.target[j]!.value;
  return {
    title: conditionTitles[scan.spec.model.condition],
    x: "step",
    y,
    lines: [
      { color: colors.estimate, points: estimates.map(({ step, target }) => [step, target[j]!] as const) },
    ],
    levels: [
      ...(estimates.length === 0 ? [{ color: colors.estimate, value: end }] : []),
      ...scan.model.report.backdoors.map(({ meanOutput }) => ({
        color: colors.truth,
        value: meanOutput[j]!,
      })),
    ],
  };
}
