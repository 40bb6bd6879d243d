/** Triggers like a reversed one: what it changes, put elsewhere. */
import type { ImageShape } from "../identification/families/family.ts";
import type { Random } from "../random.ts";

/** The most that are put on one image: an attacker's trigger is seldom as small as the smallest that does the same. */
const mostCopies = 3;
/** How strong each of them is, in what the reversed trigger changes. */
const strengths = { least: 0.5, most: 3 };

/**
 * An image with up to three others of a trigger's kind: what the trigger changes in it, moved around the image's edges, mirrored, turned, in other channels, lighter where it was
 * darker, and weaker or stronger, each drawn at random.
 *
 * What is reversed is one trigger of those that would do, and seldom the attacker's own; a model that unlearns it alone still answers to others of its kind.
 *
 * Source: Qiao, Yang and Li 2019, "Defending neural backdoors via generative distribution modeling", which unlearns a distribution of triggers in place of one.
 * Deviation: theirs is what a generator learnt; this one is drawn around a reversed trigger, and asks nothing of the model.
 *
 * @param clean the image, [C, H, W] in [0, 1]
 * @param triggered the same image under the trigger
 */
export function underTriggersLike(
  clean: Float32Array,
  triggered: Float32Array,
  shape: ImageShape,
  random: Random,
): Float32Array<ArrayBuffer> {
  const change = triggered.map((value, i) => value - clean[i]!);
  const result = new Float32Array(clean);
  const copies = 1 + random.integer(mostCopies);
  for (let i = 0; i < copies; i++) addElsewhere(result, change, shape, random);
  return result.map((value) => Math.min(1, Math.max(0, value)));
}

/** Adds a change to an image, elsewhere. */
function addElsewhere(
  image: Float32Array,
  change: Float32Array,
  [c, h, w]: ImageShape,
  random: Random,
): void {
  const isDrawn = (): boolean => random.uniform() < 0.5;
  const [down, right] = [random.integer(h), random.integer(w)];
  const [isUpsideDown, isMirrored] = [isDrawn(), isDrawn()];
  const isTurned = h === w && isDrawn();
  const { least, most } = strengths;
  const strength = (isDrawn() ? -1 : 1) * (least + (most - least) * random.uniform());
  const channels = random.permutation(c);
  for (let k = 0; k < c; k++) {
    for (let y = 0; y < h; y++) {
      for (let x = 0; x < w; x++) {
        const [row, column] = [isUpsideDown ? h - 1 - y : y, isMirrored ? w - 1 - x : x];
        const [v, u] = isTurned ? [column, row] : [row, column];
        const from = (channels[k]! * h + ((v + down) % h)) * w + ((u + right) % w);
        image[(k * h + y) * w + x]! += strength * change[from]!;
      }
    }
  }
}
