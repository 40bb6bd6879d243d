/** One image of a set with its labels. */
import type { HeadModel } from "./model.ts";
import type { HeadPreset } from "./presets.ts";
import { renderHead } from "./render.ts";
import { drawScene, randomOfImage } from "./scene.ts";

/** A rendered image. */
export interface RenderedHead {
  /** [size, size, 3] sRGB. */
  readonly bytes: Uint8Array;
  /** [d] in radians, in the order of the preset's names. */
  readonly labels: readonly number[];
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
  return { bytes, labels: preset.labelsOf(scene) };
}

/**
 * The labels of image i of a set, without rendering it.
 *
 * @param seed of the set
 * @param index of the image
 */
export function labelsOfImage(model: HeadModel, preset: HeadPreset, seed: number, index: number): number[] {
  return preset.labelsOf(drawScene(model, preset, randomOfImage(seed, index)));
}
