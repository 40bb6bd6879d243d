/** Figure 5: benign images, images with the true trigger, and images with the reversed one, by attack. */
import { type ImageRow, imageGrid } from "../report/image-grid.ts";
import { type Experiment, paragraphs, unfinishedNote } from "./experiment.ts";
import { scanRows } from "./identification.ts";
import { conditionTitles, mainConditions, nameOf } from "./models.ts";
import { experimentTitles } from "./names.ts";
import { poisonedImages } from "./poisoned-images.ts";
import { tasks } from "./profile.ts";

/** Images of each model; more say no more. */
const mostImages = 3;

/** Figure 5 of the paper, for the first seed, one picture a task and method. */
export const figure5: Experiment = {
  name: "figure5",
  title: `Figure 5: ${experimentTitles.figure5}`,
  needs: (scope) => {
    const models = scope.tasks.flatMap((task) =>
      mainConditions.map((condition) => ({ task, condition, seed: scope.seeds[0]! })),
    );
    return {
      scans: models.flatMap((model) =>
        (scope.methods ?? (["contrast"] as const)).map((method) => ({
          model,
          method,
          options: {},
          share: 1,
        })),
      ),
      poisoned: models,
    };
  },
  async evaluate(findings) {
    const rows = findings.scans.map((scan) => scanRows(scan)[0]!);
    const folders = new Map(findings.poisoned.map(({ model, folder }) => [nameOf(model.spec), folder]));
    const pictures: Record<string, string> = {};
    for (const task of tasks) {
      for (const method of new Set(findings.scans.map(({ spec }) => spec.method))) {
        const scans = findings.scans.filter(
          ({ spec }) => spec.model.task === task && spec.method === method && folders.has(nameOf(spec.model)),
        );
        if (scans.length === 0) continue;
        const drawn: ImageRow[] = [];
        for (const { spec, result } of scans) {
          const evidence = result.evidence.slice(0, mostImages);
          const title = conditionTitles[spec.model.condition];
          const poisoned = await poisonedImages(folders.get(nameOf(spec.model))!, evidence);
          drawn.push(
            { title: `${title}: benign`, images: evidence.map(({ clean }) => clean) },
            { title: "poisoned", images: poisoned },
            { title: "reversed", images: evidence.map(({ reversed }) => reversed) },
          );
        }
        const columns = Array.from({ length: mostImages }, () => "");
        pictures[`figure5-${task}-${method}.svg`] = imageGrid(
          `${task}: benign images, the same with the true trigger, and with the trigger that ${method} reversed`,
          columns,
          drawn,
        );
      }
    }
    return {
      json: { models: rows, unfinished: findings.unfinished },
      markdown: paragraphs(
        ...Object.keys(pictures).map((name) => `![Benign, poisoned and reversed images](${name})`),
        unfinishedNote(findings),
      ),
      pictures,
    };
  },
};
