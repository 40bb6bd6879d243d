/** Table 17 and Figure 6: classifiers, searched by Eq. 10 (appendix A.9). Their data set is the profile's own, whatever tasks are chosen. */
import { type ImageRow, imageGrid } from "../report/image-grid.ts";
import {
  type Experiment,
  type ExperimentScope,
  markdownTable,
  paragraphs,
  short,
  unfinishedNote,
} from "./experiment.ts";
import {
  groupsOfScans,
  identificationTable,
  modelsTable,
  type PaperCounts,
  scanRows,
} from "./identification.ts";
import { conditionTitles } from "./models.ts";
import { experimentTitles } from "./names.ts";
import { poisonedImages } from "./poisoned-images.ts";
import type { FinishedScan, ScanSpec } from "./scan-item.ts";

/** What the paper prints of ten benign and ten BadNets models on CIFAR-10. */
const printed: PaperCounts = [7, 0, 3, 10];

const task = "classification";

const scanOf = (condition: "benign" | "badnets", seed: number): ScanSpec => ({
  model: { task, condition, seed },
  // The only method that searches classifiers.
  method: "paper",
  options: {},
  share: 1,
});

const scansOfClassifiers = ({ seeds }: ExperimentScope): ScanSpec[] =>
  seeds.flatMap((seed) => [scanOf("benign", seed), scanOf("badnets", seed)]);

/** Table 17 of the paper. */
export const table17: Experiment = {
  name: "table17",
  title: `Table 17: ${experimentTitles.table17}`,
  needs: (scope) => ({ scans: scansOfClassifiers(scope) }),
  async evaluate(findings) {
    const rows = findings.scans.flatMap(scanRows);
    const groups = groupsOfScans(rows, false);
    const models = findings.scans.map(measuresOf);
    return {
      json: {
        groups: groups.map((group) => ({ ...group, paper: printed })),
        models: rows,
        measures: models,
        unfinished: findings.unfinished,
      },
      markdown: paragraphs(
        identificationTable(groups, () => printed),
        unfinishedNote(findings),
        "A model without a verdict (inconclusive) counts as wrong in the accuracy. The error of the target is 0 where the scan's class is the attacker's and 100 where it is another, over the models that were " +
          "rightly called backdoored. `two-way` is the paper's own rule, without the preconditions that this project adds.",
        modelsTable(rows),
        markdownTable(
          ["model", "seed", "accuracy", "attack success rate", "floor", "variance of probabilities left"],
          models.map((each) => [
            conditionTitles[each.condition],
            each.seed,
            `${short(each.accuracy)} %`,
            each.attackSuccessRate === null ? "" : `${short(each.attackSuccessRate)} %`,
            each.floor === null ? "" : `${short(100 * each.floor)} %`,
            each.varianceLeft === null ? "" : short(each.varianceLeft),
          ]),
        ),
        "Accuracy and attack success rate are of the held-out tenth. Floor: what the pretrained generator alone changes, as a share of the largest norm of a clean image; variance: of the probabilities under the " +
          "reversed trigger over that of clean images. A verdict needs a floor of at most 2 % and a variance of at most a tenth.",
      ),
      pictures: {},
    };
  },
};

/** What a classifier and a scan of it are like. */
function measuresOf({ spec, model: { report }, result }: FinishedScan) {
  const [backdoor] = report.backdoors;
  return {
    condition: spec.model.condition,
    seed: spec.model.seed,
    accuracy: 100 - report.regressionError,
    attackSuccessRate: backdoor === undefined ? null : 100 - backdoor.attackError,
    floor: result.reconstructionFloor,
    varianceLeft: result.collapse.outputVarianceRatio,
  };
}

/** Figure 6 of the paper: images with the true trigger, and with the reversed one below them, of the first seed. */
export const figure6: Experiment = {
  name: "figure6",
  title: `Figure 6: ${experimentTitles.figure6}`,
  needs: ({ seeds }) => {
    const scan = scanOf("badnets", seeds[0]!);
    return { scans: [scan], poisoned: [scan.model] };
  },
  async evaluate(findings) {
    const [scan] = findings.scans;
    const [poisoned] = findings.poisoned;
    const evidence = scan?.result.evidence ?? [];
    const pictures: Record<string, string> = {};
    if (poisoned !== undefined && evidence.length > 0) {
      const rows: ImageRow[] = [
        { title: "poisoned", images: await poisonedImages(poisoned.folder, evidence) },
        { title: "reversed", images: evidence.map(({ reversed }) => reversed) },
      ];
      const title =
        "A classifier with BadNets: images with the true trigger, and with the one that Eq. 10 reversed";
      pictures["figure6.svg"] = imageGrid(
        title,
        evidence.map(() => ""),
        rows,
      );
    }
    return {
      json: { models: findings.scans.flatMap(scanRows), unfinished: findings.unfinished },
      markdown: paragraphs(
        ...Object.keys(pictures).map((name) => `![Poisoned and reversed images](${name})`),
        unfinishedNote(findings),
        modelsTable(findings.scans.flatMap(scanRows)),
      ),
      pictures,
    };
  },
};
