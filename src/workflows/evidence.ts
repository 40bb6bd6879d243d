/** Evidence for a result: pictures as PNG in data URLs, so that a result is one file, and numbers that are short. */
import { toBase64 } from "../data/base64.ts";
import { families } from "../identification/families/families.ts";
import type { ImageShape } from "../identification/families/family.ts";
import type { EvidenceImage, ResponsePair } from "../identification/identification.ts";
import type { ReversedTrigger } from "../identification/reversed-trigger.ts";
import { mostDimensions, mostResponses, type ResultEvidence, type ScanResult } from "../report/result.ts";
import type { EncodePng } from "./host.ts";

/** Pixels as a data URL. */
export async function dataUrl(
  encodePng: EncodePng,
  pixels: Float32Array,
  shape: ImageShape,
): Promise<string> {
  return `data:image/png;base64,${toBase64(await encodePng(pixels, shape))}`;
}

/**
 * Draws one image of the evidence.
 *
 * @param image pixels in [0, 1], channels first
 * @param encodePng writes the pictures
 */
export async function drawEvidence(image: EvidenceImage, encodePng: EncodePng): Promise<ResultEvidence> {
  const { shape, clean, reversed, attention } = image;
  const [, h, w] = shape;
  const change = clean.map((value, i) => reversed[i]! - value);
  return {
    name: image.name,
    clean: await dataUrl(encodePng, clean, shape),
    reversed: await dataUrl(encodePng, reversed, shape),
    difference: await dataUrl(
      encodePng,
      change.map((value) => 0.5 + value / 2),
      shape,
    ),
    meanChange: short(Math.sqrt(change.reduce((sum, value) => sum + value ** 2, 0) / change.length)),
    attention: attention === null ? null : await dataUrl(encodePng, attention, [1, h, w]),
    cleanOutput: [...image.cleanOutput],
    reversedOutput: [...image.reversedOutput],
  };
}

/** What a result shows of a trigger. */
type TriggerParts = Pick<NonNullable<ScanResult["triggers"]>[number], "pictures" | "displacement">;

/**
 * Draws what a trigger is made of.
 *
 * @param shape of the images that it is for
 * @param encodePng writes the pictures
 */
export async function drawTrigger(
  { family, theta }: Pick<ReversedTrigger, "family" | "theta">,
  shape: ImageShape,
  encodePng: EncodePng,
): Promise<TriggerParts> {
  const { pictures, displacement } = families[family].parts(theta, shape);
  return {
    pictures: await Promise.all(
      pictures.map(async ({ name, scale, pixels, shape }) => ({
        name,
        scale,
        picture: await dataUrl(encodePng, pixels, shape),
      })),
    ),
    ...(displacement === null
      ? {}
      : {
          displacement: {
            side: displacement.side,
            x: Array.from(displacement.x, short),
            y: Array.from(displacement.y, short),
          },
        }),
  };
}

const degrees = 180 / Math.PI;

/**
 * Responses as a result keeps them: of the first images, in few digits.
 *
 * @param count N, images in all
 */
export function shortResponses(pair: ResponsePair, count: number): NonNullable<ScanResult["responses"]> {
  const images = Math.min(count, mostResponses);
  const { clean, reversed, dimension, angleCount } = pair;
  const outputs = (values: Float32Array): number[][] => firstRows(values, images, dimension, 1);
  const angles = (values: Float32Array): number[][] => firstRows(values, images, angleCount, degrees);
  return {
    images,
    outputs: { clean: outputs(clean.outputs), reversed: outputs(reversed.outputs) },
    angles: { clean: angles(clean.angles), reversed: angles(reversed.angles) },
  };
}

/**
 * The first rows of [N, columns], and the first numbers of each, in another unit.
 *
 * @param factor from the old unit to the new one
 */
export function firstRows(values: Float32Array, rows: number, columns: number, factor: number): number[][] {
  return Array.from({ length: rows }, (_, i) =>
    Array.from(values.subarray(i * columns, i * columns + Math.min(columns, mostDimensions)), (value) =>
      short(factor * value),
    ),
  );
}

/** Five digits are finer than a pixel of a chart, and a fifth of what a double takes as text. */
function short(value: number): number {
  return Number(value.toPrecision(5));
}
