/** A data set in numbers, to be looked at before anything is trained on it. */
import type { DataSet, LabelColumn } from "./dataset.ts";

/** The values of one label column. */
export interface LabelRange extends LabelColumn {
  readonly least: number;
  readonly most: number;
  readonly mean: number;
  /** Standard deviation of the population. */
  readonly deviation: number;
  /** How many samples have each value, in the order of the values, where they are few and could be indices of classes; null otherwise. */
  readonly counts: readonly { readonly value: number; readonly count: number }[] | null;
}

/** More values than these are no classes that one would count. */
const mostCounted = 20;

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
  const labels = dataSet.labels.map((column, i) => {
    const values = samples.map((sample) => sample.labels[i]!);
    return { ...column, ...rangeOf(values), counts: column.unit === "radians" ? null : countsOf(values) };
  });
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

function rangeOf(values: readonly number[]): Omit<LabelRange, keyof LabelColumn | "counts"> {
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

function countsOf(values: readonly number[]): LabelRange["counts"] {
  const counts = new Map<number, number>();
  for (const value of values) {
    if (!Number.isInteger(value) || value < 0) return null;
    counts.set(value, (counts.get(value) ?? 0) + 1);
    if (counts.size > mostCounted) return null;
  }
  return [...counts].map(([value, count]) => ({ value, count })).sort((a, b) => a.value - b.value);
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
