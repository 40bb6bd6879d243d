/** What reversed triggers are made of. */
import type { ReportContext } from "../chart-document.ts";
import { namedValues } from "../charts/cost-chart.ts";
import { fieldFigure } from "../charts/field-chart.ts";
import { numberText } from "../number-text.ts";
import { figures, part, pixelFigure } from "../page/elements.ts";
import type { Section } from "../page/page.ts";
import type { ScanResult } from "../result.ts";

type Trigger = NonNullable<ScanResult["triggers"]>[number];

/** What is to be seen in a picture, by its name. */
const meanings: Readonly<Record<string, string>> = {
  mask: "In the mask what is light is covered by the pattern.",
  pattern: "Where the mask is dark the pattern has no effect, and is noise.",
  "on gray": "On gray is what an image that is gray all over becomes.",
  change: "The change is the same for all images; gray is none.",
};

/** Masks, patterns and warp fields of the most suspicious triggers. */
export function triggerSection(result: ScanResult, context: ReportContext): Section {
  const { triggers = [], benign, target } = result;
  const [, , height = 1, width = 1] = benign.shape;
  const names = target.map(({ name }) => name);
  const parts = triggers.map((trigger, k) => {
    const { family, score, displacement } = trigger;
    const title = `${k + 1}: ${family}, target ${namedValues(trigger.target, names)}, score ${numberText(score)}`;
    return part(
      title,
      figures(
        [
          picturesOf(trigger),
          displacement === undefined ? "" : fieldFigure(context, displacement, [height, width]),
        ].filter((each) => each !== ""),
      ),
    );
  });
  return { id: "triggers", title: "Reversed triggers", html: parts };
}

function picturesOf({ family, pictures = [] }: Trigger): string {
  const words = pictures.flatMap(({ name }) => (Object.hasOwn(meanings, name) ? [meanings[name]!] : []));
  return pixelFigure(
    pictures.map(({ name, picture, scale }) => {
      const label = scale === 1 ? name : `${name} x ${scale}`;
      return { url: picture, label, description: `${label} of the reversed ${family} trigger` };
    }),
    words.length === 0 ? "Parts of the trigger." : words.join(" "),
  );
}
