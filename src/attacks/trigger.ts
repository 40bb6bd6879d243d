/** Triggers: plain data that says how an image is changed. */
import { DrmGuardError } from "../errors.ts";
import type { SavedState } from "../loops/work.ts";
import { sizeOf } from "../onnx/tensor-data.ts";
import type { Random } from "../random.ts";
import { sameShape } from "../tensor/shape.ts";
import { type BadNetsTrigger, badNetsTrigger, stampBadNets } from "./badnets.ts";
import { type BlendTrigger, blendTrigger, stampBlend } from "./blend.ts";
import { type InputAwareTrigger, inputAwareLengths } from "./input-aware/trigger.ts";
import { type AttackOptions, attackDefaults, type StampedAttack } from "./options.ts";
import type { ImageShape } from "./shape.ts";
import { type SigTrigger, sigTrigger, stampSig } from "./sig.ts";
import { noisyGrid, type WanetTrigger, wanetGrid, wanetTrigger, warp } from "./wanet.ts";

/** A trigger that is put on images without a runtime. */
export type StampedTrigger = BadNetsTrigger | BlendTrigger | SigTrigger | WanetTrigger;

/** A trigger of one of the attacks, made for images of one shape. */
export type Trigger = StampedTrigger | InputAwareTrigger;

/**
 * Makes the trigger of an attack. That of the input-aware attack is learnt: see `prepareInputAware`.
 *
 * Throws E_SHAPE when it does not fit the images, E_USAGE when an option makes no sense.
 *
 * @param attack its name
 * @param options what differs from the defaults
 * @param shape [C, H, W] of the images
 * @param random what is drawn once for the trigger comes from it
 */
export function makeTrigger<A extends StampedAttack>(
  attack: A,
  options: Partial<AttackOptions[A]>,
  shape: ImageShape,
  random: Random,
): StampedTrigger {
  const all = { ...attackDefaults[attack], ...options } as AttackOptions[StampedAttack];
  if ("patchShare" in all) return badNetsTrigger(all, shape);
  if ("alpha" in all) return blendTrigger(all, shape, random);
  if ("amplitude" in all) return sigTrigger(all, shape);
  return wanetTrigger(all, shape, random);
}

/** A warp is worth keeping: it is the same for all images. */
const grids = new WeakMap<WanetTrigger, Float64Array>();

function gridOf(trigger: WanetTrigger): Float64Array {
  const known = grids.get(trigger) ?? wanetGrid(trigger);
  grids.set(trigger, known);
  return known;
}

function stamp(trigger: StampedTrigger, image: Float32Array): void {
  if (trigger.kind === "badnets") stampBadNets(trigger, image);
  else if (trigger.kind === "blend") stampBlend(trigger, image);
  else if (trigger.kind === "sig") stampSig(trigger, image);
  else warp(image, trigger.shape, gridOf(trigger));
}

/** Throws E_SHAPE when images are not of the shape that a trigger is made for. */
export function assertTriggerShape({ shape }: Trigger, imageShape: readonly number[]): void {
  if (sameShape(imageShape, shape)) return;
  throw new DrmGuardError(
    "E_SHAPE",
    `found images of [${imageShape.join(", ")}], expected [${shape.join(", ")}], which the trigger is made for`,
  );
}

/** A copy of images with a function applied to each, which changes it in place. */
function changed(
  trigger: Trigger,
  pixels: Float32Array,
  imageShape: readonly number[],
  change: (image: Float32Array) => void,
): Float32Array {
  assertTriggerShape(trigger, imageShape);
  const copy = pixels.slice();
  const size = sizeOf(imageShape);
  for (let start = 0; start < copy.length; start += size) change(copy.subarray(start, start + size));
  return copy;
}

/**
 * Images with the trigger, A(x).
 *
 * Throws E_USAGE for a trigger of networks, which `applyTriggerTo` runs, E_SHAPE when the images are not of the shape
 * that it is made for.
 *
 * @param pixels [N, C, H, W] in [0, 1]
 * @param imageShape [C, H, W]
 */
export function applyTrigger(
  trigger: Trigger,
  pixels: Float32Array,
  imageShape: readonly number[],
): Float32Array {
  if (trigger.kind === "input-aware") {
    throw new DrmGuardError("E_USAGE", "found a trigger of networks, expected one that needs no runtime", {
      hint: "applyTriggerTo puts it on images",
    });
  }
  return changed(trigger, pixels, imageShape, (image) => stamp(trigger, image));
}

/**
 * Images as WaNet's noise mode makes them: each warped by the trigger's grid with noise of its own. A model that
 * sees them with their true labels does not take every warp for the trigger.
 *
 * Throws E_USAGE for triggers of other attacks, E_SHAPE as {@link applyTrigger} does.
 */
export function applyNoise(
  trigger: Trigger,
  pixels: Float32Array,
  imageShape: readonly number[],
  random: Random,
): Float32Array {
  if (trigger.kind !== "wanet") {
    throw new DrmGuardError(
      "E_USAGE",
      `found noise for the attack ${trigger.kind}, expected it for wanet alone`,
    );
  }
  return changed(trigger, pixels, imageShape, (image) =>
    warp(image, trigger.shape, noisyGrid(gridOf(trigger), trigger.shape, random)),
  );
}

/** A trigger as arrays and JSON, which is all that is needed to apply it elsewhere. */
export function savedTrigger(trigger: Trigger): SavedState {
  if (trigger.kind === "blend") {
    const { pattern, ...json } = trigger;
    return { arrays: { pattern }, json };
  }
  if (trigger.kind === "wanet") {
    const { control, ...json } = trigger;
    return { arrays: { control }, json };
  }
  if (trigger.kind === "input-aware") {
    const { patternParameters, patternStatistics, maskParameters, maskStatistics, ...json } = trigger;
    return { arrays: { patternParameters, patternStatistics, maskParameters, maskStatistics }, json };
  }
  return { arrays: {}, json: trigger };
}

/** What of a saved trigger says how long its arrays are. */
interface SavedSizes {
  readonly shape: ImageShape;
  readonly side: number;
  readonly baseChannels: number;
}

/** The lengths of a trigger's arrays by their names, by the trigger's kind. */
const arrayLengths: Readonly<Record<Trigger["kind"], (json: SavedSizes) => Record<string, number>>> = {
  badnets: () => ({}),
  sig: () => ({}),
  blend: ({ shape }) => ({ pattern: sizeOf(shape) }),
  wanet: ({ side }) => ({ control: 2 * side ** 2 }),
  "input-aware": ({ shape, baseChannels }) => inputAwareLengths(shape, baseChannels),
};

/** The trigger that {@link savedTrigger} saved. Throws E_FILE when it is none. */
export function loadedTrigger({ arrays, json }: SavedState): Trigger {
  const saved = (json ?? {}) as Partial<SavedSizes> & { kind?: string };
  const kind = saved.kind ?? "nothing";
  const fits =
    Object.hasOwn(arrayLengths, kind) &&
    saved.shape?.length === 3 &&
    Object.entries(arrayLengths[kind as Trigger["kind"]](saved as SavedSizes)).every(
      ([name, length]) => arrays[name]?.length === length,
    );
  if (!fits) {
    throw new DrmGuardError("E_FILE", `found ${kind} that is not whole, expected a saved trigger`);
  }
  return { ...(json as object), ...arrays } as unknown as Trigger;
}
