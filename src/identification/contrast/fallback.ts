/** What a model says where images show nothing any more. */
import { columnMeans, meanScaledDistance, percentile } from "../../metrics/statistics.ts";
import { createRandom } from "../../random.ts";
import { range } from "../../tensor/shape.ts";
import type { SearchContext } from "./search.ts";
import { fewImages } from "./trials.ts";

/** Triggers that hide, half of them different, and each of these at twice its strength too. */
const hidingTriggers = 16;
/** The part of them under which outputs must come together in one place. */
const leastAgreeing = 0.75;

/** What {@link fallbackOf} goes by. */
export type FallbackContext = Pick<SearchContext, "setup" | "options" | "family" | "scale">;

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
export async function fallbackOf(context: FallbackContext): Promise<number[] | null> {
  const { setup, options, family, scale } = context;
  if (family.hiding === null || scale.usual !== null) return null;
  const [, c, h, w] = setup.benign.shape;
  const random = createRandom(setup.seed).fork(`fallback ${family.name}`);
  const few = await fewImages(context, hidingTriggers, random);
  const once = range(hidingTriggers / 2).map(() => family.hiding!([c, h, w], random));
  const outputs = await few.outputsUnder([...once, ...once.map((theta) => theta.map((value) => 2 * value))]);
  const means = outputs.map((each) => columnMeans(each, scale.std.length));
  const place = scale.std.map((_, j) =>
    percentile(
      means.map((mean) => mean[j]!),
      50,
    ),
  );
  const agreeing = outputs.filter(
    (each) => meanScaledDistance(each, place, scale.std) < options.tightTolerance,
  );
  return agreeing.length >= leastAgreeing * hidingTriggers ? place : null;
}
