/** A data set in numbers, to be looked at before anything is trained on it. */
import type { DataSet, LabelColumn } from "./dataset.ts";

/** The values of one label column. */
export interface LabelRange extends LabelColumn {
  readonly least: number;
  readonly most: number;
  readonly mean: number;
  /** Standard deviation of the population. */
  readonly deviation: number;
}

/** What `drmguard data inspect` prints. */
export interface DataSetSummary {
  readonly title: string;
  readonly count: number;
  /** How many samples each subject has, by name; empty where the data set names none. */
  readonly subjects: Readonly<Record<string, number>>;
  readonly labels: readonly LabelRange[];
  /** What was skipped, by reason, the most frequent first. */
  readonly skipped: readonly { readonly reason: string; readonly count: number; readonly example: string }[];
  readonly notes: readonly string[];
  /** What looks wrong. */
  readonly warnings: readonly string[];
}

/**
 * Counts samples, subjects and what was skipped, and measures the labels.
 *
 * @param dataSet the data set; no image is read
 */
export function summarise(dataSet: DataSet): DataSetSummary {
  const { title, samples, notes } = dataSet;
  const subjects: Record<string, number> = {};
  for (const { subject } of samples) if (subject !== null) subjects[subject] = (subjects[subject] ?? 0) + 1;
  const labels = dataSet.labels.map((column, i) => ({
    ...column,
    ...rangeOf(samples.map((sample) => sample.labels[i]!)),
  }));
  return {
    title,
    count: samples.length,
    subjects,
    labels,
    skipped: skippedByReason(dataSet),
    notes,
    warnings: labels.flatMap(warningsOf),
  };
}

function rangeOf(values: readonly number[]): Omit<LabelRange, keyof LabelColumn> {
  let least = Number.POSITIVE_INFINITY;
  let most = Number.NEGATIVE_INFINITY;
  let sum = 0;
  for (const value of values) {
    least = Math.min(least, value);
    most = Math.max(most, value);
    sum += value;
  }
  const mean = sum / values.length;
  const squares = values.reduce((total, value) => total + (value - mean) ** 2, 0);
  return { least, most, mean, deviation: Math.sqrt(squares / values.length) };
}

function skippedByReason({ skipped }: DataSet): DataSetSummary["skipped"] {
  const byReason = new Map<string, { count: number; example: string }>();
  for (const { file, reason } of skipped) {
    const known = byReason.get(reason);
    byReason.set(reason, { count: (known?.count ?? 0) + 1, example: known?.example ?? file });
  }
  return [...byReason].map(([reason, rest]) => ({ reason, ...rest })).sort((a, b) => b.count - a.count);
}

function warningsOf({ name, unit, least, most }: LabelRange): string[] {
  const warnings: string[] = [];
  const furthest = Math.max(-least, most);
  // Rounding in the files may pass a half turn by a little.
  if (unit === "radians" && furthest > Math.PI + 1e-3)
    warnings.push(
      `${name} reaches ${furthest.toFixed(2)} rad, which is more than a half turn: are the files in degrees?`,
    );
  if (least === most) warnings.push(`${name} is ${least} for every sample: nothing can be learnt of it`);
  return warnings;
}
