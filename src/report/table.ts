/** A result as text for a terminal. */
import { findingHead, findingRows } from "./contrast-table.ts";
import { numberText } from "./number-text.ts";
import type { ScanResult } from "./result.ts";

/** Colours for text; each may leave it as it is. */
export interface TextColors {
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly red: (text: string) => string;
  readonly green: (text: string) => string;
  readonly yellow: (text: string) => string;
}

/** No colours. */
export const plainColors: TextColors = {
  bold: String,
  dim: String,
  red: String,
  green: String,
  yellow: String,
};

/**
 * What came from a model or a file as text for a terminal: control characters could draw over the verdict.
 *
 * @param text anything
 */
export function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  return text.replace(/[\u0000-\u001f\u007f-\u009f]/g, "?");
}

const percent = (value: number): string => `${numberText(100 * value)} %`;

/** How a score is written, and what it is. */
interface ScoreWords {
  readonly text: (value: number) => string;
  readonly score: string;
  readonly threshold: string;
}

const ofPerturbation: ScoreWords = {
  text: percent,
  score: "mean perturbation over the largest image norm",
  threshold: "below it the perturbation is small",
};
const ofContrast: ScoreWords = {
  text: numberText,
  score: "cost of the cheapest target over that of controls",
  threshold: "below it the target is suspiciously cheap",
};

const ofMask: ScoreWords = {
  text: percent,
  score: "part of the image under the smallest mask",
  threshold: "below it the mask is an outlier",
};
const ofGenerator: ScoreWords = {
  text: percent,
  score: "mean change by the generator over the largest image norm",
  threshold: "below it a change is small; models are ranked by it",
};
/** By method; the paper's where nothing else is said. */
const scoreWords: Readonly<Record<string, ScoreWords>> = {
  contrast: ofContrast,
  "neural-cleanse": ofMask,
  "feature-re": ofGenerator,
};

/** A score of a result's method as text: a part of something is a percentage. */
export function scoreText({ method }: Pick<ScanResult, "method">, value: number): string {
  return (scoreWords[method] ?? ofPerturbation).text(value);
}

/** The rows of numbers that a report shows: what, its value, and what to compare it with. */
export function evidenceRows(result: ScanResult): [what: string, value: string, meaning: string][] {
  const { collapse, reconstructionFloor, score, threshold, margin, benign } = result;
  const scale = scoreWords[result.method] ?? ofPerturbation;
  const isClassifier = result.task === "classification";
  const rows: [string, string, string][] = [
    ["score", scale.text(score), scale.score],
    ["threshold", scale.text(threshold), scale.threshold],
    ...calibrationRows(result, scale.text),
    ["margin", numberText(margin), "score / threshold"],
  ];
  if (reconstructionFloor !== null) {
    rows.push([
      "reconstruction floor",
      percent(reconstructionFloor),
      "score of the generator before the search",
    ]);
  }
  const ratio = (value: number | null): string => (value === null ? "not measured" : numberText(value));
  rows.push(
    [
      "angle variance ratio",
      ratio(collapse.coneRatio),
      "angles of F(x') over those of F(x); 1 is no collapse",
    ],
    [
      "output variance ratio",
      ratio(collapse.outputVarianceRatio),
      isClassifier
        ? "probabilities of x' over those of x; 1 is no collapse"
        : "outputs f(x') over f(x); 1 is no collapse",
    ],
    [
      "target estimate",
      result.target.map((t) => `${t.name} ${numberText(t.value)}`).join(", "),
      isClassifier
        ? "what most images are with the reversed trigger"
        : "mean output under the reversed trigger",
    ],
  );
  if (benign.cleanError !== null) {
    const { meanAbsolute, angularDegrees } = benign.cleanError;
    const error =
      angularDegrees === null
        ? meanAbsolute.map((value, j) => `${benign.labels[j]} ${numberText(value)}`).join(", ")
        : `${numberText(angularDegrees)} degrees`;
    rows.push(["error on the labels", error, "of the clean images"]);
  }
  if (benign.accuracy !== undefined) {
    const { accuracy, accuracyOfCommonest } = benign.accuracy;
    const meaning = `of the clean images; ${percent(accuracyOfCommonest)} by the most frequent label`;
    rows.push(["accuracy", percent(accuracy), meaning]);
  }
  return rows.map(([what, value, meaning]) => [what, printable(value), meaning]);
}

/** What the references of a calibrated threshold scored. */
function calibrationRows(
  { calibration }: ScanResult,
  text: (value: number) => string,
): [what: string, value: string, meaning: string][] {
  if (calibration === undefined) return [];
  const { references, ownThreshold, threshold } = calibration;
  const own = `the method's own threshold is ${text(ownThreshold)}`;
  return [
    [
      "references",
      references.map(({ score }) => text(score)).join(", "),
      threshold === null ? `all the same: ${own} and stays` : `scores that calibrate the threshold; ${own}`,
    ],
  ];
}

/**
 * Draws a result as lines of text.
 *
 * @param result the result
 * @param colors what to colour with
 */
export function resultTable(result: ScanResult, colors: TextColors = plainColors): string {
  const { bold, dim } = colors;
  const paint = { benign: colors.green, backdoored: colors.red, inconclusive: colors.yellow }[result.verdict];
  const rows = evidenceRows(result);
  const widths = [0, 1].map((column) => Math.max(...rows.map((row) => row[column]!.length)));
  const { model, benign } = result;
  const lines = [
    `${bold(printable(model.path))}  ${paint(bold(result.verdict))}`,
    ...result.reasons.map((reason) => `  ${printable(reason)}`),
    "",
    ...rows.map(
      ([what, value, meaning]) =>
        `  ${what.padEnd(widths[0]!)}  ${bold(value.padEnd(widths[1]!))}  ${dim(meaning)}`,
    ),
    "",
    ...contrastLines(result),
    ...result.warnings.map((warning) => `  ${colors.yellow("warning:")} ${printable(warning)}`),
    dim(`  not checked: ${printable(result.notChecked.join("; "))}`),
    dim(
      printable(
        `  method ${result.method}, ${presetText(result)}seed ${result.seed}, ${benign.count} images, ` +
          `${Math.round(result.seconds)} s, sha256 ${model.sha256.slice(0, 12)}`,
      ),
    ),
  ];
  return `${lines.join("\n")}\n`;
}

/** `preset gaze, ` or nothing: not every method has presets. */
export function presetText({ preset }: Pick<ScanResult, "preset">): string {
  return preset === null ? "" : `preset ${preset}, `;
}

function contrastLines(result: ScanResult): string[] {
  const rows = findingRows(result);
  if (rows.length === 0) return [];
  const all = [findingHead, ...rows];
  const widths = findingHead.map((_, column) => Math.max(...all.map((row) => row[column]!.length)));
  const lines = all.map((row) => row.map((cell, column) => cell.padEnd(widths[column]!)).join("  "));
  return [...lines.map((line) => `  ${printable(line.trimEnd())}`), ""];
}
