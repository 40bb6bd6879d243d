/** Figure 3: what the search of Eq. 5 finds without the attention map of Eq. 7, and with it. */
import { imageGrid } from "../report/image-grid.ts";
import { compactTable, type Experiment, paragraphs, short, unfinishedNote } from "./experiment.ts";
import { scanRows } from "./identification.ts";
import { experimentTitles } from "./names.ts";
import { poisonedImages } from "./poisoned-images.ts";
import type { FinishedScan } from "./scan-item.ts";

const withoutMap = { attention: "none" } as const;
const columns = [...["benign", "poisoned", "without the map", "residual"], ...["with the map", "residual"]];

/** Figure 3 of the paper: BadNets, the first seed, one picture a task. */
export const figure3: Experiment = {
  name: "figure3",
  title: `Figure 3: ${experimentTitles.figure3}`,
  needs: ({ tasks, seeds }) => {
    const models = tasks.map((task) => ({ task, condition: "badnets" as const, seed: seeds[0]! }));
    return {
      scans: models.flatMap((model) =>
        [withoutMap, {}].map((options) => ({ model, method: "paper" as const, options, share: 1 })),
      ),
      poisoned: models,
    };
  },
  async evaluate(findings) {
    const pictures: Record<string, string> = {};
    for (const { model, folder } of findings.poisoned) {
      const { task } = model.spec;
      const ofTask = findings.scans.filter(({ spec }) => spec.model.task === task);
      const without = ofTask.find(({ spec }) => "attention" in spec.options);
      const usual = ofTask.find(({ spec }) => !("attention" in spec.options));
      const { evidence } = (without ?? usual)?.result ?? { evidence: [] };
      if (evidence.length === 0) continue;
      const poisoned = await poisonedImages(folder, evidence);
      const found = (scan: FinishedScan | undefined, i: number): (string | null)[] => {
        const image = scan?.result.evidence[i];
        return image === undefined ? [null, null] : [image.reversed, image.difference];
      };
      const rows = evidence.map(({ name, clean }, i) => ({
        title: name,
        images: [clean, poisoned[i]!, ...found(without, i), ...found(usual, i)],
      }));
      pictures[`figure3-${task}.svg`] = imageGrid(
        `${task}: benign and poisoned images, and what the paper's method reverses without its attention map and with it`,
        columns,
        rows,
      );
    }
    const rows = findings.scans.map((scan) => ({
      ...scanRows(scan)[0]!,
      variant: "attention" in scan.spec.options ? "without the map" : "with the map",
      perturbation: scan.result.score,
      collapse: scan.result.collapse,
    }));
    const table = compactTable(
      ["task", "search", "verdict", "perturbation", "variance of outputs", "error of the target"],
      rows.map((row) => [
        row.task,
        row.variant,
        row.verdict,
        short(row.perturbation),
        row.collapse.outputVarianceRatio === null ? "" : short(row.collapse.outputVarianceRatio),
        row.targetError === null ? "" : short(row.targetError),
      ]),
      [],
    );
    return {
      json: { models: rows, unfinished: findings.unfinished },
      markdown: paragraphs(
        ...Object.keys(pictures).map((name) => `![Benign, poisoned and reversed images](${name})`),
        table,
        unfinishedNote(findings),
        "Perturbation: mean L1 change over the largest norm of a clean image. Variance of outputs: under the reversed trigger over that of clean images.",
      ),
      pictures,
    };
  },
};
