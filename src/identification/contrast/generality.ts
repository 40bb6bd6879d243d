/** How much of what a trigger does is not its own doing: others as large do it too. */
import { meanScaledDistance } from "../../metrics/statistics.ts";
import { createRandom } from "../../random.ts";
import type { AlikeTriggers } from "../families/family.ts";
import { assertFiniteOutputs, predict } from "../predict.ts";
import { examineFor } from "./fitting.ts";
import { toOutputs } from "./scale.ts";
import type { SearchContext } from "./search.ts";
import { fewImages } from "./trials.ts";

/** Nothing is more general than this, so that what is divided by the rest stays a number. */
const mostGeneral = 0.99;

/**
 * The part of the way from clean outputs to a target that other triggers as large go: (e(0) - e(other)) / (e(0) - e(own)), where e is the mean error
 * to the target in deviations. Of waves the mean of these, 0 for those that reach it (e < tau); of patches in other colours the least.
 *
 * What an attacker trained is answered to as a whole: others as large do little, or where it was learnt loosely, as overlays of noise are, they reach the target too. Where what a
 * model looks at is small, such as the corners of a mouth, waves of any kind hide it, and what it says then is roughly the same of all images: a cheap target, which
 * no attacker made.
 *
 * Throws what examining the model throws, E_NAN when the model gives no finite numbers under a trigger, and E_RUNTIME when the runtime fails.
 *
 * @param target in deviations from the mean, [d]
 * @param theta the trigger's parameters, [n]
 * @returns null for a family of which it is not known what is alike, and where no others are asked
 */
export async function generalityOf(
  context: SearchContext,
  { target, theta }: { readonly target: readonly number[]; readonly theta: Float32Array },
  label: string,
): Promise<number | null> {
  const { setup, options, family, scale } = context;
  const { alike } = family;
  if (alike === null || options.others === 0) return null;
  const [, c, h, w] = setup.benign.shape;
  const random = createRandom(setup.seed).fork(`others ${family.name} ${label}`);
  const { images, outputsUnder } = await fewImages(context, options.others + 1, random);
  const wanted = toOutputs(target, scale);
  const errorOf = (outputs: Float32Array): number => meanScaledDistance(outputs, wanted, scale.std);
  const outputs = await predict(setup.runtime, await examineFor(setup, images.shape[0]), images);
  // A score that is no number would look benign.
  assertFiniteOutputs(outputs, images);
  const clean = errorOf(outputs);
  const thetas = [theta];
  while (thetas.length <= options.others) thetas.push(alike.another(theta, [c, h, w], random));
  const [own, ...others] = (await outputsUnder(thetas)).map(errorOf) as [number, ...number[]];
  return partOfWay(others, { own, clean, reached: options.tolerance }, alike.measure);
}

/** Errors that tell how far a trigger draws outputs. */
export interface Way {
  /** Under the trigger. */
  readonly own: number;
  /** Of clean outputs. */
  readonly clean: number;
  /** Below which the target is reached. */
  readonly reached: number;
}

/**
 * How general a trigger is by the part of the way from the error of clean outputs to its own that others' errors are at; 0 where there is no way. By `mean` those that reach the target count as 0.
 *
 * @param errors under other triggers
 */
export function partOfWay(
  errors: readonly number[],
  { own, clean, reached }: Way,
  measure: AlikeTriggers["measure"],
): number {
  const parts = partsOfWay(errors, { own, clean });
  if (measure === "least") return Math.min(mostGeneral, ...parts);
  const counted = parts.map((part, i) => (errors[i]! < reached ? 0 : part));
  return Math.min(mostGeneral, counted.reduce((total, part) => total + part, 0) / counted.length);
}

/**
 * The part of the way that each of some triggers goes, 0 to 1; 0 where there is no way.
 *
 * @param errors under them
 */
export function partsOfWay(errors: readonly number[], { own, clean }: Omit<Way, "reached">): number[] {
  if (clean <= own) return errors.map(() => 0);
  return errors.map((error) => Math.min(1, Math.max(0, (clean - error) / (clean - own))));
}
