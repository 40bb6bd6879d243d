/** Figure 2: where features point, for clean images and for those with the trigger. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { chartDocument } from "../jobs/chart-document.ts";
import { runFiles } from "../jobs/run-folder.ts";
import { panelsSvg } from "../report/panels.ts";
import { type Experiment, markdownTable, paragraphs, short, unfinishedNote } from "./experiment.ts";
import type { TrainedModel } from "./model-item.ts";
import { conditionTitles, mainConditions, nameOf } from "./models.ts";

/** Points of each kind in a panel; more would only cover each other. */
const mostPoints = 400;

/** Figure 2 of the paper, one panel a model, for the first seed. */
export const figure2: Experiment = {
  name: "figure2",
  title:
    "Figure 2: angles between features and the rows of the last layer, clean (blue) and with the true trigger (orange)",
  needs: ({ tasks, seeds }) => ({
    models: tasks.flatMap((task) =>
      mainConditions.map((condition) => ({ task, condition, seed: seeds[0]! })),
    ),
  }),
  async evaluate(findings) {
    const { models } = findings;
    const read = await Promise.all(models.map(async (model) => ({ model, angles: await readAngles(model) })));
    const titleOf = ({ spec }: TrainedModel): string => `${spec.task}, ${conditionTitles[spec.condition]}`;
    const panels = read.map(({ model, angles: [clean, poisoned] }) => ({
      title: titleOf(model),
      x: "angle to w1 (degrees)",
      y: "angle to w2 (degrees)",
      clouds: [
        { color: "clean" as const, points: clean!.slice(0, mostPoints).map(([a, b]) => [a!, b!] as const) },
        {
          color: "reversed" as const,
          points: poisoned!.slice(0, mostPoints).map(([a, b]) => [a!, b!] as const),
        },
      ],
    }));
    const rows = read.map(({ model, angles: [clean, poisoned] }) => ({
      model: nameOf(model.spec),
      clean: deviations(clean!),
      poisoned: deviations(poisoned!),
    }));
    return {
      json: rows,
      markdown: paragraphs(
        "![Angles of features](figure2.svg)",
        markdownTable(
          ["model", "standard deviation of each angle, clean (degrees)", "with the trigger"],
          rows.map(({ model, clean, poisoned }) => [
            model,
            clean.map(short).join(", "),
            poisoned.map(short).join(", "),
          ]),
        ),
        unfinishedNote(findings),
      ),
      pictures: {
        "figure2.svg": panelsSvg(
          { document: await chartDocument() },
          "Angles between features and rows of the last layer, clean and with the true trigger",
          panels,
          mainConditions.length,
        ),
      },
    };
  },
};

function deviations(rows: readonly (readonly number[])[]): number[] {
  return rows[0]!.map((_, j) => {
    const mean = rows.reduce((sum, each) => sum + each[j]!, 0) / rows.length;
    return Math.sqrt(rows.reduce((sum, each) => sum + (each[j]! - mean) ** 2, 0) / rows.length);
  });
}

/** The angles of a trained model's features on its test images, in degrees: clean ones, then those with each trigger. */
async function readAngles({ folder }: TrainedModel): Promise<number[][][]> {
  const text = await readFile(join(folder, runFiles.angles), "utf8");
  const sets: number[][][] = [];
  for (const line of text.trim().split("\n").slice(1)) {
    const [backdoor, ...angles] = line.split(",").map(Number) as [number, ...number[]];
    sets[backdoor] ??= [];
    sets[backdoor].push(angles);
  }
  return sets;
}
