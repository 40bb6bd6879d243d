/** One image of a set with its angles. */
import type { Direction, HeadPose } from "./angles.ts";
import type { HeadModel } from "./model.ts";
import type { HeadPreset } from "./presets.ts";
import { renderHead } from "./render.ts";
import { drawScene, randomOfImage, type Scene } from "./scene.ts";

/** What is known of an image, in radians. */
export interface HeadAngles {
  readonly gaze: Direction;
  readonly head: HeadPose;
}

/** A rendered image. */
export interface RenderedHead {
  /** [size, size, 3] sRGB. */
  readonly bytes: Uint8Array;
  readonly angles: HeadAngles;
}

/**
 * Renders image i of a set; it does not depend on the others.
 *
 * @param model what to render from
 * @param seed of the set
 * @param index of the image
 * @param size side of the image in pixels
 */
export function renderImage(
  model: HeadModel,
  preset: HeadPreset,
  seed: number,
  index: number,
  size: number,
): RenderedHead {
  const random = randomOfImage(seed, index);
  const scene = drawScene(model, preset, random);
  const bytes = renderHead(model, scene, size, random.fork("noise"));
  return { bytes, angles: anglesOf(scene) };
}

/**
 * The angles of image i of a set, without rendering it.
 *
 * @param seed of the set
 * @param index of the image
 */
export function anglesOfImage(model: HeadModel, preset: HeadPreset, seed: number, index: number): HeadAngles {
  return anglesOf(drawScene(model, preset, randomOfImage(seed, index)));
}

function anglesOf({ gaze, head }: Scene): HeadAngles {
  return { gaze, head };
}
