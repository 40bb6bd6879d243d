/** What an experiment is: models, and what is read off them. */
import type { Condition, ModelSpec } from "./models.ts";
import type { Task } from "./profile.ts";
import type { TrainedModel } from "./run-models.ts";

/** What a user chooses. */
export interface ExperimentScope {
  readonly tasks: readonly Task[];
  readonly seeds: readonly number[];
  /** The kinds of models; those that an experiment does not have are left out. */
  readonly conditions: readonly Condition[];
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
  readonly name: string;
  readonly title: string;
  /** The models that it needs. */
  readonly models: (scope: Pick<ExperimentScope, "tasks" | "seeds">) => ModelSpec[];
  /** Reads the models. */
  readonly evaluate: (models: readonly TrainedModel[]) => Promise<ExperimentResult>;
}

/** A row of a Markdown table. */
export const row = (cells: readonly (string | number)[]): string => `| ${cells.join(" | ")} |`;

/** A Markdown table. */
export function markdownTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  return [row(header), row(header.map(() => "---")), ...rows.map(row)].join("\n");
}

/** A number for a table: three digits. */
export function short(value: number): string {
  return Math.abs(value) >= 100 || value === 0 ? value.toFixed(0) : value.toPrecision(3);
}

/** The mean of some numbers and, where there are several, their range. */
export function meanAndRange(values: readonly number[]): string {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  if (values.length === 1) return short(mean);
  return `${short(mean)} (${short(Math.min(...values))} to ${short(Math.max(...values))})`;
}
