/** The search over its steps: the estimate of the target, and the terms of the loss. */
import type { ReportContext } from "../chart-document.ts";
import { lineChart, type Sample } from "../charts/line-chart.ts";
import { numberText } from "../number-text.ts";
import { escapeHtml, figure, figures, paragraph } from "../page/elements.ts";
import type { Section } from "../page/page.ts";
import type { ScanResult } from "../result.ts";
import { shortName } from "./short-name.ts";

const isEstimate = /^target \d+$/;

/** Where the search takes the target to be: Figure 4 of the paper. */
export function estimateSection({ terms, target }: ScanResult, context: ReportContext): Section {
  const section = { id: "estimate", title: "Target estimate over the search" };
  const parts = estimatesOf(terms, target.length);
  if (parts.length === 0) return { ...section, html: [] };
  // Several triggers may have been followed: the one that the estimate in the end comes from ends nearest to it.
  const distances = parts.map((part) =>
    Math.hypot(...part.at(-1)!.values.map((value, j) => value - target[j]!.value)),
  );
  const main = distances.indexOf(Math.min(...distances));
  const charts = target.map(({ name, value }, j) => {
    const samplesOf = (part: readonly Estimate[], number: number): Sample[] =>
      part.map(({ step, values }) => ({ step, value: values[j]!, part: number }));
    const others = parts.flatMap((part, i) => (i === main ? [] : samplesOf(part, i)));
    const drawn = lineChart(context, {
      label: `Estimate of the target's ${name} over the steps`,
      y: shortName(name),
      samples: samplesOf(parts[main]!, main),
      faint: others,
      levels: [value],
    });
    const rest = others.length === 0 ? "" : " Gray lines are of other triggers that were followed.";
    return figure(
      drawn,
      `${name}: a search that has found a target stays at one value. The dashed line is the estimate in the end, ${numberText(value)}.${rest}`,
    );
  });
  return { ...section, html: [figures(charts)] };
}

/** An estimate of the target at a step. */
interface Estimate {
  readonly step: number;
  readonly values: readonly number[];
}

/** The estimates of d outputs, in parts without gaps, each from step 0. */
function estimatesOf(terms: ScanResult["terms"], d: number): Estimate[][] {
  const names = Array.from({ length: d }, (_, j) => `target ${j}`);
  const parts: Estimate[][] = [];
  let isOpen = false;
  for (const { step, values } of terms) {
    const isThere = d > 0 && names.every((name) => Object.hasOwn(values, name));
    if (isThere && !isOpen) parts.push([]);
    if (isThere) parts.at(-1)!.push({ step, values: names.map((name) => values[name]!) });
    isOpen = isThere;
  }
  return parts.map((part) => part.map(({ step, values }) => ({ step: step - part[0]!.step, values })));
}

/** What a term is, by its name: the methods' own. */
const termWords: Readonly<Record<string, string>> = {
  loss: "what is minimised; it falls and levels off",
  l1: "how much images change; it falls where a small trigger is enough",
  outputVariance: "how far outputs are spread; near 0 they have collapsed",
  coneRatio: "how far angles of features are spread, over that of clean images; near 0 they have collapsed",
  error: "how far outputs are from their targets on average; near 0 the triggers work",
  size: "the mean size of the triggers; it falls while they still work",
  reached: "how many triggers draw all outputs to their targets",
  cost: "the weight of the size; it rises while triggers work",
  perturbation: "how much images change; it falls where a small trigger is enough",
  spread: "how far features under the mask are spread; near 0 they have collapsed",
  maskShare: "the part of the features that the mask takes",
  cleanError: "the error on clean images; it stays low",
  triggeredError: "the error to the truth with the reversed triggers; it comes down to that on clean images",
  disturbedLoss: "the loss with weights disturbed to do harm",
};

/** What the steps of terms are of. */
export interface SteppedWork {
  readonly id: string;
  readonly title: string;
  /** What is said where there was no step. */
  readonly none: string;
}

/** The search of a scan. */
const search: SteppedWork = {
  id: "terms",
  title: "Loss terms over the search",
  none: "No step of the search was done.",
};

/** The terms of a loss, one chart each. */
export function termSection(
  { terms, stages = [] }: Pick<ScanResult, "terms" | "stages">,
  context: ReportContext,
  { none, ...section }: SteppedWork = search,
): Section {
  if (terms.length === 0) return { ...section, html: [paragraph(none)] };
  const names = [...new Set(terms.flatMap(({ values }) => Object.keys(values)))];
  const starts: number[] = [];
  stages.reduce((start, { steps }) => {
    if (steps > 0) starts.push(start);
    return start + steps;
  }, 0);
  const partAt = (step: number): number => starts.filter((start) => start <= step).length;
  const charts = names
    .filter((name) => !isEstimate.test(name))
    .map((name) => {
      const samples = terms.flatMap(({ step, values }): Sample[] =>
        values[name] === undefined ? [] : [{ step, value: values[name], part: partAt(step) }],
      );
      const last = samples.at(-1)!;
      const words = Object.hasOwn(termWords, name) ? termWords[name]! : "a term of the search";
      const drawn = lineChart(context, {
        label: `${name} over the steps`,
        y: shortName(name),
        samples,
        starts: starts.length > 1 ? starts : [],
      });
      return figure(drawn, `${name}: ${words}. In the end it is ${numberText(last.value)}.`);
    });
  const done = stages.filter(({ steps }) => steps > 0);
  const legend =
    done.length < 2
      ? ""
      : `${paragraph("The search has stages, whose numbers stand at their beginnings:")}<ol>${done
          .map(({ name, steps }) => `<li>${escapeHtml(`${name}, ${steps} steps`)}</li>`)
          .join("")}</ol>`;
  return { ...section, html: [legend, figures(charts)] };
}
