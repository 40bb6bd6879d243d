/** Whether two results say something about each other. */
import { fieldChanges } from "./field-changes.ts";
import { numberText } from "./number-text.ts";
import type { ScanResult } from "./result.ts";

/**
 * How far two results can be compared: `repeat` is the same scan of the same model again, `models` the same scan of two models, whose
 * scores are on one scale; after `different` scans neither scores nor verdicts say what changed about a model.
 */
export type ComparisonKind = "repeat" | "models" | "different";

/** As many digits of a hash as people compare. */
export const shownDigits = 12;

/** Whether two results can be compared. */
export interface Comparison {
  readonly kind: ComparisonKind;
  /** Why it is no repetition, in words: another model, other images, another method, other options. */
  readonly differences: readonly string[];
  /** What else may have changed the numbers: the seed, the version, the machine. */
  readonly cautions: readonly string[];
}

/**
 * Finds out whether two results can be compared, and why not.
 *
 * @param before one result
 * @param after another
 */
export function compare(before: ScanResult, after: ScanResult): Comparison {
  const changes = fieldChanges(before, after);
  const namesIn = (group: string): string[] =>
    changes.filter((change) => change.group === group).map(({ name }) => name);
  const from = <T>(pick: (result: ScanResult) => T): string => `${pick(before)} -> ${pick(after)}`;
  const hash = (pick: (result: ScanResult) => string): string =>
    from((result) => pick(result).slice(0, shownDigits));
  const listed = (what: string, names: readonly string[]): string[] =>
    names.length === 0 ? [] : [`${what}: ${names.join(", ")}`];

  // A file under another name is the same model, and the same file can be scanned by other outputs.
  const model = [
    ...(before.model.sha256 === after.model.sha256
      ? []
      : [`another model: sha256 ${hash(({ model }) => model.sha256)}`]),
  ];
  const scan = [
    ...(before.benign.sha256 === after.benign.sha256
      ? []
      : [
          `other clean images: ${from(({ benign }) => benign.count)}, sha256 ${hash(({ benign }) => benign.sha256)}`,
        ]),
    ...(before.method === after.method ? [] : [`another method: ${from(({ method }) => method)}`]),
    ...listed(
      "another task",
      namesIn("method").includes("task") ? [from(({ task }) => task ?? "regression")] : [],
    ),
    // Another method has other options, which says nothing more.
    ...(before.method === after.method ? listed("other options", namesIn("options")) : []),
    ...listed("other preprocessing", namesIn("preprocessing")),
    ...(model.length === 0
      ? listed(
          "another part of the model",
          namesIn("model").filter((name) => name === "outputs" || name === "features"),
        )
      : []),
  ];
  const cautions = [
    ...(before.seed === after.seed ? [] : [`another seed: ${from(({ seed }) => seed)}`]),
    ...(before.tool.version === after.tool.version
      ? []
      : [`another version of drmguard: ${from(({ tool }) => tool.version)}`]),
    ...listed("another environment", namesIn("environment")),
    ...(before.threshold === after.threshold
      ? []
      : [`another threshold: ${from(({ threshold }) => numberText(threshold))}`]),
  ];
  const kind = scan.length > 0 ? "different" : model.length > 0 ? "models" : "repeat";
  return { kind, differences: [...model, ...scan], cautions };
}
