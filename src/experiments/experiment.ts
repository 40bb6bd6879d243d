/** What an experiment is: work, and what is read off it. */
import type { MethodName } from "../identification/methods.ts";
import type { MitigationName } from "../mitigation/methods.ts";
import type { Findings, Needs } from "./gather.ts";
import type { Condition, NetworkChoice } from "./models.ts";
import type { ExperimentName } from "./names.ts";
import type { Profile, RegressionTask } from "./profile.ts";

/** What a user chooses. */
export interface ExperimentScope {
  readonly tasks: readonly RegressionTask[];
  readonly seeds: readonly number[];
  /** The kinds of models; those that an experiment does not have are left out. */
  readonly conditions: readonly Condition[];
  /** Identification methods; null for those that the experiment compares by itself. */
  readonly methods: readonly MethodName[] | null;
  /** Mitigations; null for those that the experiment compares by itself. */
  readonly mitigations: readonly MitigationName[] | null;
  /** What networks have in place of the profile's architecture and width; empty for nothing. */
  readonly network: Partial<Pick<NetworkChoice, "architecture" | "width">>;
}

/** What comes of an experiment: the same in numbers, for people, and as pictures. */
export interface ExperimentResult {
  /** Plain JSON. */
  readonly json: unknown;
  readonly markdown: string;
  /** SVG by file name. */
  readonly pictures: Readonly<Record<string, string>>;
}

/** A table or figure of the paper. */
export interface Experiment {
  readonly name: ExperimentName;
  readonly title: string;
  /** What it reads. */
  readonly needs: (scope: ExperimentScope, profile: Profile) => Needs;
  /** Reads it. */
  readonly evaluate: (findings: Findings) => Promise<ExperimentResult>;
}

/** A row of a Markdown table. */
export const row = (cells: readonly (string | number)[]): string => `| ${cells.join(" | ")} |`;

/** A Markdown table. */
export function markdownTable(
  header: readonly string[],
  rows: readonly (readonly (string | number)[])[],
): string {
  return [row(header), row(header.map(() => "---")), ...rows.map(row)].join("\n");
}

/**
 * A Markdown table without the columns that are empty in all rows.
 *
 * @param dispensable columns that are left out where all rows have the same
 */
export function compactTable(
  header: readonly string[],
  rows: readonly (readonly (string | number)[])[],
  dispensable: readonly string[],
): string {
  const isKept = header.map((name, j) => {
    const cells = new Set(rows.map((each) => String(each[j])));
    return cells.size > 1 || !(cells.has("") || dispensable.includes(name));
  });
  const kept = <T>(cells: readonly T[]): T[] => cells.filter((_, j) => isKept[j]);
  return markdownTable(kept(header), rows.map(kept));
}

/** A number for a table: three digits. */
export function short(value: number): string {
  return Math.abs(value) >= 100 || value === 0 ? value.toFixed(0) : value.toPrecision(3);
}

/** The mean of some numbers; not a number for none. */
export function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** The mean of some numbers and, where there are several, their range. */
export function meanAndRange(values: readonly number[]): string {
  if (values.length === 0) return "";
  const mean = meanOf(values);
  if (values.length === 1) return short(mean);
  return `${short(mean)} (${short(Math.min(...values))} to ${short(Math.max(...values))})`;
}

/** One and several of what may be unfinished. */
const unfinishedWords: Readonly<Record<keyof Findings["unfinished"], readonly [one: string, many: string]>> =
  {
    models: ["model", "models"],
    scans: ["scan", "scans"],
    repairs: ["repair", "repairs"],
    poisoned: ["set of poisoned images", "sets of poisoned images"],
  };

/** A sentence about work that is not done; empty when all is. */
export function unfinishedNote({ unfinished }: Pick<Findings, "unfinished">): string {
  const parts = Object.entries(unfinishedWords).flatMap(([name, [one, many]]) => {
    const count = unfinished[name as keyof Findings["unfinished"]];
    return count === 0 ? [] : [`${count} ${count === 1 ? one : many}`];
  });
  return parts.length === 0 ? "" : `Not done yet, and left out: ${parts.join(", ")}.`;
}

/** Paragraphs of Markdown, without those that are empty. */
export const paragraphs = (...texts: readonly string[]): string => texts.filter(Boolean).join("\n\n");
