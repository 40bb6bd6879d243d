/** What a model says where images show nothing any more. */
import { subsetOf } from "../../data/subset.ts";
import { batchAt } from "../../loops/batches.ts";
import { columnMeans, meanScaledDistance } from "../../metrics/statistics.ts";
import { float32 } from "../../onnx/tensor-data.ts";
import { createRandom } from "../../random.ts";
import { range } from "../../tensor/shape.ts";
import { assertFiniteOutputs } from "../predict.ts";
import { growingImages } from "./choosing.ts";
import { type SearchContext, sizeWithin } from "./search.ts";
import { trialsOn } from "./trials.ts";

/** Triggers that hide, half of them different, and each of these at twice its strength too. */
const hidingTriggers = 16;
/** The part of them under which outputs must come together in one place. */
const leastAgreeing = 0.75;

/**
 * The output that a model gives whatever hides its images: under triggers of all kinds that leave nothing to be seen, the same of all images.
 *
 * Small networks have one, to the hundredth of a deviation, and it need not be what they say of the average image. It is cheap to reach on any of them. Larger ones,
 * which look at more of an image, do not come together so closely, and have none. Nor have those that answer to what hides: an attacker's stripes or overlay draw outputs the farther
 * the stronger they are, where nothing that is to be seen is the same nothing at twice the strength (docs/research-log.md).
 *
 * Throws what examining the model throws, E_NAN when the model gives no finite numbers under a trigger, and E_RUNTIME when the runtime fails.
 *
 * @returns in the model's units, [d]; null where triggers do not agree on one, for a family that has none that hide, and where there are many outputs, of which any place is far away
 */
export async function fallbackOf(
  context: Pick<SearchContext, "setup" | "options" | "family" | "scale">,
): Promise<number[] | null> {
  const { setup, options, family, scale } = context;
  if (family.hiding === null || scale.usual !== null) return null;
  const [count, c, h, w] = setup.benign.shape;
  const random = createRandom(setup.seed).fork(`fallback ${family.name}`);
  const size = await sizeWithin(context, hidingTriggers, growingImages * options.batch);
  const images = subsetOf(setup.benign, batchAt(0, count, size.batch, random));
  const once = range(hidingTriggers / 2).map(() => family.hiding!([c, h, w], random));
  const thetas = [...once, ...once.map((theta) => theta.map((value) => 2 * value))];
  const trials = await trialsOn(context, float32(images.pixels, images.shape), size.triggers);
  try {
    const outputs = await trials.outputsUnder(thetas);
    for (const each of outputs) assertFiniteOutputs(each, images);
    const means = outputs.map((each) => columnMeans(each, scale.std.length));
    const place = scale.std.map((_, j) => middleOf(means.map((mean) => mean[j]!)));
    const agreeing = outputs.filter(
      (each) => meanScaledDistance(each, place, scale.std) < options.tightTolerance,
    );
    return agreeing.length >= leastAgreeing * hidingTriggers ? place : null;
  } finally {
    await trials.release();
  }
}

function middleOf(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const half = Math.floor(sorted.length / 2);
  return (sorted[half]! + sorted.at(-1 - half)!) / 2;
}
