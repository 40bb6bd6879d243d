/** Images without and with the reversed trigger. */
import { visibleScale } from "../../identification/families/family.ts";
import { namedValues } from "../charts/cost-chart.ts";
import { numberText } from "../number-text.ts";
import { figures, type Pixels, paragraph, pixelFigure } from "../page/elements.ts";
import type { Section } from "../page/page.ts";
import type { ScanResult } from "../result.ts";

/** Changes are shown up to this many times their root mean square; what is stronger is as light or dark as can be. */
const shownChange = 4;

/** Each image of the evidence: clean, with the trigger, the residual, and the attention map where there is one. */
export function imageSection({ evidence, target, task }: ScanResult): Section {
  const section = { id: "images", title: "Images" };
  if (evidence.length === 0) return { ...section, html: [] };
  const changes = evidence.flatMap(({ meanChange }) => (meanChange === undefined ? [] : [meanChange]));
  // One factor for all, so that they compare. What an older result holds may be of any size.
  const scale = changes.length < evidence.length ? 1 : visibleScale(shownChange * Math.max(...changes));
  const names = target.map(({ name }) => name);
  const outputText = (values: readonly number[]): string =>
    task === "classification" ? likeliest(values) : namedValues(values, names);
  const hasAttention = evidence.some(({ attention }) => attention !== null);
  const residual = scale === 1 ? "residual" : `residual x ${scale}`;
  const pictures = evidence.map((image) =>
    pixelFigure(
      [
        { url: image.clean, label: "clean", description: `${image.name}, clean` },
        {
          url: image.reversed,
          label: "with trigger",
          description: `${image.name} with the reversed trigger`,
        },
        {
          url: image.difference,
          label: residual,
          description: `${image.name}, what the reversed trigger changes`,
          scale,
        },
        ...attentionOf(image),
      ],
      `${image.name}: output ${outputText(image.cleanOutput)}; with the trigger ${outputText(image.reversedOutput)}.`,
    ),
  );
  const amplified =
    scale === 1
      ? "In the residual gray is no change, lighter is brighter and darker is darker; changes are not amplified."
      : `In the residual gray is no change, lighter is brighter and darker is darker; changes are amplified ${scale} times, and what goes beyond black and white is cut off.`;
  const attention = hasAttention
    ? " In the attention map what is light is what the outputs depend on, and what the method protects."
    : "";
  return {
    ...section,
    html: [
      paragraph(
        `Clean images, the same with the reversed trigger, and the residual between them. Look at where images change: a trigger leaves the same trace on all. ${amplified}${attention}`,
      ),
      figures(pictures),
    ],
  };
}

/** The class of the highest probability. */
function likeliest(probabilities: readonly number[]): string {
  const highest = Math.max(...probabilities);
  return `class ${probabilities.indexOf(highest)} (probability ${numberText(highest)})`;
}

function attentionOf({ attention, name }: ScanResult["evidence"][number]): Pixels[] {
  return attention === null
    ? []
    : [{ url: attention, label: "attention T(x)", description: `${name}, attention map` }];
}
