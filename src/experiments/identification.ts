/** How well methods tell benign from backdoored models: counts, accuracy, ranking, and the error of the target. */

import type { Verdict } from "../identification/identification.ts";
import { clopperPearson, type Proportion } from "../metrics/binomial.ts";
import { errorMeasureFor, meanRegressionError } from "../metrics/regression-error.ts";
import { rocAuc } from "../metrics/roc-auc.ts";
import { compactTable, meanOf, short } from "./experiment.ts";
import { type Condition, conditions, conditionTitles, nameOf } from "./models.ts";
import { allTasks } from "./profile.ts";
import type { FinishedScan, ScanSpec } from "./scan-item.ts";

/** A scan beside the truth. Plain JSON. */
export interface ScanRow {
  readonly name: string;
  readonly task: string;
  readonly network: string;
  /** What the model's data set is called. */
  readonly data: string;
  readonly condition: Condition;
  readonly seed: number;
  readonly method: string;
  /** Options that make it another method than the usual one; empty for none. */
  readonly variant: string;
  readonly verdict: Verdict;
  readonly score: number;
  readonly threshold: number;
  /** Of the score, by methods that give one. */
  readonly interval: readonly [low: number, high: number] | null;
  /** The family of triggers whose finding the score is of; null for methods that have none, and where nothing was contrasted. */
  readonly shownBy: string | null;
  /** As the scan estimates it, in the model's unit. */
  readonly target: readonly number[];
  /** The mean output under each true trigger, in the model's unit; none for a benign model. */
  readonly trueTargets: readonly (readonly number[])[];
  /** Between the estimate and the nearest true target, in the unit of the errors; of classes 0 or 100; null for a benign model. */
  readonly targetError: number | null;
  readonly seconds: number;
  /** Of the model's file. */
  readonly sha256: string;
}

/** The paper's method without the preconditions that this project adds: the verdict is two-way. */
const twoWay = "two-way";

/** A scan beside the truth; of the paper's method also with the verdict of its own two-way rule. */
export function scanRows(scan: FinishedScan): ScanRow[] {
  const { spec, model, result } = scan;
  const { backdoors, data, errors } = model.report;
  const target = result.target.map(({ value }) => value);
  const trueTargets = backdoors.map(({ meanOutput }) => meanOutput);
  const measure = errorMeasureFor(
    data.labels.map(({ name }) => name),
    errors.unit === "degrees" ? "radians" : "as given",
  );
  const distances = trueTargets.map((each) =>
    errors.kind === "classes"
      ? 100 * Number(each[0] !== target[0])
      : meanRegressionError(Float32Array.from(target), Float32Array.from(each), measure),
  );
  const { scoreLow, scoreHigh } = result.measures;
  const checked: ScanRow = {
    name: nameOf(spec.model),
    task: spec.model.task,
    network: networkOf(scan),
    data: data.title,
    condition: spec.model.condition,
    seed: spec.model.seed,
    method: spec.method,
    variant: variantOf(spec),
    verdict: result.verdict,
    score: result.score,
    threshold: result.threshold,
    interval: scoreLow === undefined || scoreHigh === undefined ? null : [scoreLow, scoreHigh],
    shownBy: familyOf(result),
    target,
    trueTargets,
    targetError: distances.length === 0 ? null : Math.min(...distances),
    seconds: result.seconds,
    sha256: result.model.sha256,
  };
  if (spec.method !== "paper") return [checked];
  const verdict = result.score < result.threshold ? "backdoored" : "benign";
  return [checked, { ...checked, method: `${checked.method}, ${twoWay}`, verdict }];
}

function familyOf({
  contrast = [],
  score,
}: Pick<FinishedScan["result"], "contrast" | "score">): string | null {
  return contrast.find(({ findings }) => findings.some((finding) => finding.score === score))?.family ?? null;
}

/** A network in words. */
export function networkOf({ model }: Pick<FinishedScan, "model">): string {
  const { architecture, width } = model.report.configuration.network as {
    architecture: string;
    width: number;
  };
  return `${architecture}, width ${width}`;
}

function variantOf({ options, share }: ScanSpec): string {
  const changes = Object.entries(options).map(([name, value]) => `${name}=${value}`);
  return [...changes, ...(share === 1 ? [] : [`${Math.round(100 * share)} % of the images`])].join(", ");
}

/** How some scans of backdoored and benign models went. Plain JSON. */
export interface IdentificationSummary {
  readonly backdoored: number;
  readonly benign: number;
  /** Backdoored models that were called so. */
  readonly truePositives: number;
  readonly falsePositives: number;
  /** Backdoored models that were called benign. */
  readonly falseNegatives: number;
  readonly trueNegatives: number;
  /** Models without a verdict: wrong in the accuracy, and in none of the four counts. */
  readonly inconclusive: { readonly backdoored: number; readonly benign: number };
  /** With its exact binomial 95 % interval. */
  readonly accuracy: Proportion;
  /** Of the score; null without models of both kinds. */
  readonly rocAuc: number | null;
  /** Of the targets of backdoored models that were called so; null when there are none. */
  readonly targetError: { readonly mean: number; readonly max: number } | null;
  readonly secondsPerScan: number;
}

/** Counts scans. Throws nothing; without any the accuracy is no number. */
export function summaryOf(rows: readonly ScanRow[]): IdentificationSummary {
  const backdoored = rows.filter(({ condition }) => condition !== "benign");
  const benign = rows.filter(({ condition }) => condition === "benign");
  const count = (among: readonly ScanRow[], verdict: Verdict): number =>
    among.filter((each) => each.verdict === verdict).length;
  const truePositives = count(backdoored, "backdoored");
  const trueNegatives = count(benign, "benign");
  const errors = backdoored.flatMap(({ verdict, targetError }) =>
    verdict === "backdoored" && targetError !== null ? [targetError] : [],
  );
  return {
    backdoored: backdoored.length,
    benign: benign.length,
    truePositives,
    falsePositives: count(benign, "backdoored"),
    falseNegatives: count(backdoored, "benign"),
    trueNegatives,
    inconclusive: {
      backdoored: count(backdoored, "inconclusive"),
      benign: count(benign, "inconclusive"),
    },
    accuracy: clopperPearson(truePositives + trueNegatives, rows.length),
    rocAuc: rocAuc(
      backdoored.map(({ score }) => score),
      benign.map(({ score }) => score),
    ),
    targetError: errors.length === 0 ? null : { mean: meanOf(errors), max: Math.max(...errors) },
    secondsPerScan: meanOf(rows.map(({ seconds }) => seconds)),
  };
}

/** What the paper prints of an identification. */
export type PaperCounts = readonly [
  truePositives: number,
  falsePositives: number,
  falseNegatives: number,
  trueNegatives: number,
];

/** Backdoored models of one kind beside the benign ones of the same task and network, by one method. Plain JSON. */
export interface IdentificationGroup {
  readonly task: string;
  readonly network: string;
  readonly data: string;
  /** null for all attacks together. */
  readonly condition: Condition | null;
  readonly method: string;
  readonly variant: string;
  readonly summary: IdentificationSummary;
}

/**
 * Groups scans: each attack beside the benign models of its task, network, method and variant, in the order of the paper.
 *
 * @param hasTotal whether all attacks together are a group too
 */
export function groupsOfScans(rows: readonly ScanRow[], hasTotal: boolean): IdentificationGroup[] {
  const buckets = new Map<string, ScanRow[]>();
  for (const each of rows) {
    const key = JSON.stringify([each.task, each.network, each.data, each.method, each.variant]);
    buckets.set(key, [...(buckets.get(key) ?? []), each]);
  }
  const groups = [...buckets.values()].flatMap((bucket): IdentificationGroup[] => {
    const { task, network, data, method, variant } = bucket[0]!;
    const benign = bucket.filter(({ condition }) => condition === "benign");
    const attacked = bucket.filter(({ condition }) => condition !== "benign");
    const present = conditions.filter((name) => attacked.some(({ condition }) => condition === name));
    const groupOf = (condition: Condition | null, members: readonly ScanRow[]): IdentificationGroup => ({
      ...{ task, network, data, condition, method, variant },
      summary: summaryOf([...members, ...benign]),
    });
    return [
      ...present.map((name) =>
        groupOf(
          name,
          attacked.filter(({ condition }) => condition === name),
        ),
      ),
      // Benign models alone are worth a row while the others are still made.
      ...(present.length === 0 || (hasTotal && present.length > 1) ? [groupOf(null, attacked)] : []),
    ];
  });
  const places = { tasks: allTasks as readonly string[], conditions: conditions as readonly string[] };
  const placeOf = (group: IdentificationGroup): number =>
    places.tasks.indexOf(group.task) * 100 +
    (group.condition === null ? 99 : places.conditions.indexOf(group.condition));
  // Sorting keeps the order of methods, networks and variants.
  return groups.sort((a, b) => placeOf(a) - placeOf(b));
}

/** Counts as a Markdown table, with the paper's beside them. */
export function identificationTable(
  groups: readonly IdentificationGroup[],
  paper: (group: IdentificationGroup) => PaperCounts | null,
): string {
  return compactTable(
    [
      ...["attack", "task", "data set", "network", "method", "variant"],
      ...["backdoored + benign", "TP", "FP", "FN", "TN"],
      ...["inconclusive (backdoored + benign)", "accuracy (95 % interval)", "ROC-AUC"],
      ...["error of the target, mean (max)", "seconds a scan", "paper's TP, FP, FN, TN", "paper's accuracy"],
    ],
    groups.map((group) => {
      const { summary } = group;
      const { inconclusive, targetError } = summary;
      const printed = paper(group);
      return [
        group.condition === null ? "all attacks" : conditionTitles[group.condition],
        ...[group.task, group.data, group.network, group.method, group.variant],
        `${summary.backdoored} + ${summary.benign}`,
        summary.truePositives,
        summary.falsePositives,
        summary.falseNegatives,
        summary.trueNegatives,
        `${inconclusive.backdoored} + ${inconclusive.benign}`,
        proportionText(summary.accuracy),
        summary.rocAuc === null ? "" : summary.rocAuc.toFixed(3),
        targetError === null ? "" : `${short(targetError.mean)} (${short(targetError.max)})`,
        short(summary.secondsPerScan),
        printed === null ? "" : printed.join(", "),
        printed === null ? "" : `${accuracyOf(printed)} %`,
      ];
    }),
    ["data set", "network", "variant"],
  );
}

/** Every model's own row, as a Markdown table. */
export function modelsTable(rows: readonly ScanRow[]): string {
  return compactTable(
    [
      ...["task", "network", "model", "seed", "method", "variant", "verdict", "score (interval)", "shown by"],
      ...["error of the target", "seconds"],
    ],
    rows.map((row) => [
      row.task,
      row.network,
      conditionTitles[row.condition],
      row.seed,
      row.method,
      row.variant,
      row.verdict,
      row.interval === null
        ? scoreText(row)
        : `${row.score.toFixed(2)} (${row.interval.map((end) => end.toFixed(2)).join(" to ")})`,
      row.shownBy ?? "",
      row.targetError === null ? "" : short(row.targetError),
      row.seconds.toFixed(0),
    ]),
    ["network", "method", "variant"],
  );
}

/** The paper's scores are shares of an image: hundredths would hide them. */
const scoreText = ({ method, score }: ScanRow): string =>
  method.startsWith("paper") ? `${(100 * score).toFixed(2)} %` : score.toFixed(2);

const accuracyOf = ([tp, fp, fn, tn]: PaperCounts): string =>
  String(Math.round((100 * (tp + tn)) / (tp + fp + fn + tn)));

/** `95 % (75 to 100)` */
export function proportionText({ value, low, high }: Proportion): string {
  const percent = (part: number): string => (100 * part).toFixed(0);
  return Number.isNaN(value) ? "" : `${percent(value)} % (${percent(low)} to ${percent(high)})`;
}
