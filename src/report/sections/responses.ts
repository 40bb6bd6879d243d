/** Outputs and feature angles of the images, without and with the reversed trigger. */
import type { ReportContext } from "../chart-document.ts";
import { cloudFigures } from "../charts/cloud-charts.ts";
import { numberText } from "../number-text.ts";
import { figures } from "../page/elements.ts";
import type { Section } from "../page/page.ts";
import type { ScanResult } from "../result.ts";
import { shortName } from "./short-name.ts";

type Responses = NonNullable<ScanResult["responses"]>;

const without = "clean images";
const withTrigger = "the same with the reversed trigger";

/** Where outputs and features go under the reversed trigger; an older result does not say. */
export function responseSection(result: ScanResult, context: ReportContext): Section {
  const { responses } = result;
  const isKnown =
    responses !== undefined && responses.outputs.clean.length > 0 && responses.angles.clean.length > 0;
  return {
    id: "outputs",
    title: "Outputs and features",
    html: isKnown
      ? [figures([...outputFigures(result, responses, context), ...angleFigures(result, responses, context)])]
      : [],
  };
}

/** Outputs collapse onto the target. */
function outputFigures(result: ScanResult, { outputs }: Responses, context: ReportContext): string[] {
  const { target, contrast = [], collapse, task } = result;
  const isClassifier = task === "classification";
  const [first] = contrast.flatMap(({ findings }) => findings).sort((a, b) => a.score - b.score);
  const { clean, reversed } = outputs;
  const columns = clean[0]!.length;
  const start = (values: readonly number[]): number[] => values.slice(0, columns);
  const cloud = {
    names: isClassifier
      ? clean[0]!.map((_, j) => `probability of class ${j}`)
      : target.slice(0, columns).map(({ name }) => shortName(name)),
    groups: [
      { kind: "clean" as const, text: without, rows: clean },
      { kind: "reversed" as const, text: withTrigger, rows: reversed },
      {
        kind: "control" as const,
        text: "control targets",
        rows: first?.controls.map((control) => start(control.target)) ?? [],
      },
      {
        kind: "target" as const,
        text: "estimate of the target",
        rows: isClassifier ? [] : [start(target.map(({ value }) => value))],
      },
    ],
  };
  const more = columns < target.length ? ` The first ${columns} of ${target.length} outputs.` : "";
  const caption = `${countText(result)}${more} The outputs of clean images follow what is in them. Under a trigger that works they lie on one spot, whatever is in the image.${ratioText(collapse.outputVarianceRatio)}`;
  return cloudFigures(context, cloud, "Outputs", caption);
}

/** Where features point: Figure 2 of the paper. */
function angleFigures(result: ScanResult, { angles }: Responses, context: ReportContext): string[] {
  const { clean, reversed } = angles;
  const cloud = {
    names: clean[0]!.map((_, j) => `angle to w${j + 1} (degrees)`),
    groups: [
      { kind: "clean" as const, text: without, rows: clean },
      { kind: "reversed" as const, text: withTrigger, rows: reversed },
    ],
  };
  const caption = `${countText(result)} Each mark is an image: the angles between its features and the rows w of the last dense layer. Where a trigger takes over, the angles of all images come together.${ratioText(result.collapse.coneRatio)}`;
  return cloudFigures(context, cloud, "Angles of features", caption);
}

function countText({ responses, benign }: ScanResult): string {
  const { images } = responses!;
  return images < benign.count ? `The first ${images} of ${benign.count} images.` : `All ${images} images.`;
}

function ratioText(ratio: number | null): string {
  return ratio === null
    ? ""
    : ` Here the variance with the trigger is ${numberText(100 * ratio)} % of that without it.`;
}
