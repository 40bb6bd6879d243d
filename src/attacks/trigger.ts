/** Triggers: plain data that says how an image is changed. */
import { DrmGuardError } from "../errors.ts";
import type { SavedState } from "../loops/work.ts";
import { sizeOf } from "../onnx/tensor-data.ts";
import type { Random } from "../random.ts";
import { sameShape } from "../tensor/shape.ts";
import { type BadNetsTrigger, badNetsTrigger, stampBadNets } from "./badnets.ts";
import { type BlendTrigger, blendTrigger, stampBlend } from "./blend.ts";
import { type Attack, type AttackOptions, attackDefaults } from "./options.ts";
import type { ImageShape } from "./shape.ts";
import { type SigTrigger, sigTrigger, stampSig } from "./sig.ts";
import { noisyGrid, type WanetTrigger, wanetGrid, wanetTrigger, warp } from "./wanet.ts";

/** A trigger of one of the attacks, made for images of one shape. */
export type Trigger = BadNetsTrigger | BlendTrigger | SigTrigger | WanetTrigger;

/**
 * Makes the trigger of an attack.
 *
 * Throws E_SHAPE when it does not fit the images, E_USAGE when an option makes no sense.
 *
 * @param attack its name
 * @param options what differs from the defaults
 * @param shape [C, H, W] of the images
 * @param random what is drawn once for the trigger comes from it
 */
export function makeTrigger<A extends Attack>(
  attack: A,
  options: Partial<AttackOptions[A]>,
  shape: ImageShape,
  random: Random,
): Trigger {
  const all = { ...attackDefaults[attack], ...options } as AttackOptions[Attack];
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

function stamp(trigger: Trigger, image: Float32Array): void {
  if (trigger.kind === "badnets") stampBadNets(trigger, image);
  else if (trigger.kind === "blend") stampBlend(trigger, image);
  else if (trigger.kind === "sig") stampSig(trigger, image);
  else warp(image, trigger.shape, gridOf(trigger));
}

/** A copy of images with a function applied to each, which changes it in place. */
function changed(
  { shape }: Trigger,
  pixels: Float32Array,
  imageShape: readonly number[],
  change: (image: Float32Array) => void,
): Float32Array {
  if (!sameShape(imageShape, shape)) {
    throw new DrmGuardError(
      "E_SHAPE",
      `found images of [${imageShape.join(", ")}], expected [${shape.join(", ")}], which the trigger is made for`,
    );
  }
  const copy = pixels.slice();
  const size = sizeOf(shape);
  for (let start = 0; start < copy.length; start += size) change(copy.subarray(start, start + size));
  return copy;
}

/**
 * Images with the trigger, A(x). Throws E_SHAPE when they are not of the shape that it is made for.
 *
 * @param pixels [N, C, H, W] in [0, 1]
 * @param imageShape [C, H, W]
 */
export function applyTrigger(
  trigger: Trigger,
  pixels: Float32Array,
  imageShape: readonly number[],
): Float32Array {
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
  return { arrays: {}, json: trigger };
}

/** The trigger that {@link savedTrigger} saved. Throws E_FILE when it is none. */
export function loadedTrigger({ arrays, json }: SavedState): Trigger {
  const { kind, shape, side } = (json ?? {}) as { kind?: string; shape?: ImageShape; side?: number };
  const expected: Record<string, number> | undefined = {
    badnets: {},
    sig: {},
    blend: { pattern: sizeOf(shape ?? []) },
    wanet: { control: 2 * (side ?? 0) ** 2 },
  }[kind ?? ""];
  const fits =
    expected !== undefined &&
    shape?.length === 3 &&
    Object.entries(expected).every(([name, length]) => arrays[name]?.length === length);
  if (!fits) {
    throw new DrmGuardError(
      "E_FILE",
      `found ${kind ?? "nothing"} that is not whole, expected a saved trigger`,
    );
  }
  return { ...(json as object), ...arrays } as unknown as Trigger;
}
