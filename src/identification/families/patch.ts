/** Triggers that cover a part of the image: one mask and one pattern for all images, as Neural Cleanse has them. */
import type { Random } from "../../random.ts";
import { add, mul, sigmoid, sub } from "../../tensor/elementwise.ts";
import type { Tensor } from "../../tensor/graph.ts";
import { reshape, slice } from "../../tensor/movement.ts";
import {
  type ImageShape,
  normals,
  type Probes,
  relativeChange,
  type TriggerFamily,
  type TriggerPicture,
} from "./family.ts";

/** A mask that begins at sigmoid(-2.2) = 0.1: small, and still steep enough to move. */
const start = { maskCenter: -2.2, maskSpread: 0.3, patternSpread: 0.5 };

/**
 * x' = x + m (p - x) with the mask m = sigmoid(theta_m) of a pixel and the pattern p = sigmoid(theta_p) of its channels.
 * The size is mean |x' - x| / mean |x|.
 *
 * Source: Wang et al. 2019, "Neural Cleanse", Eq. 3; the size is that of what changes, not of the mask, so that a mask over
 * what already looks like the pattern costs nothing.
 */
export const patch: TriggerFamily = {
  name: "patch",
  sizeUnit: "mean change over mean brightness",
  movesPixels: false,
  canHide: true,
  isContrastedClosely: false,
  lastRate: 1,
  imageCopies: 10,
  length: ([c, h, w]) => (1 + c) * h * w,
  probes: squares,
  initial: ([c, h, w], random) =>
    Float32Array.from([
      ...normals(random, h * w, start.maskSpread, start.maskCenter),
      ...normals(random, c * h * w, start.patternSpread),
    ]),
  hiding: null,
  alike: { another: recoloured, measure: "least", asked: "in doubt" },
  write(theta, image) {
    const { images, change } = applyPatch(theta, image);
    return { images, size: relativeChange(change, image) };
  },
  parts(theta, shape) {
    const [c, h, w] = shape;
    const area = h * w;
    const squashed = theta.map((value) => 1 / (1 + Math.exp(-value)));
    const [mask, pattern] = [squashed.subarray(0, area), squashed.subarray(area, (1 + c) * area)];
    const onGray = pattern.map((value, i) => gray + mask[i % area]! * (value - gray));
    const picture = (name: string, pixels: Float32Array, channels = c): TriggerPicture => ({
      name,
      scale: 1,
      shape: [channels, h, w],
      pixels,
    });
    return {
      pictures: [picture("mask", mask, 1), picture("pattern", pattern), picture("on gray", onGray)],
      displacement: null,
    };
  },
};

/**
 * Probes: their sides as parts of the image's, and how far apart they lie as a part of their own. An attacker's square lies mostly within one of the larger;
 * the smaller has the side of the paper's patch (9 %), since a network may answer to no other (docs/research-log.md).
 */
const squareGrids = [
  { part: 1 / 8, stride: 1 / 2 },
  { part: 0.09, stride: 1 },
] as const;
/**
 * A mask of sigmoid(1.5) = 0.82 within the square, since nearer to 1 it hardly moves, and next to none outside, where 0.1 of all pixels would be
 * the larger part of its size.
 */
const squareValues = { inside: 1.5, outside: -7, color: 3 };
/** The colour of a square whose pixels are searched: sigmoid(1) = 0.73, from which a few steps lead to either end. */
const windowColor = 1;

/** Squares of one colour, at places all over the image: red, green and blue are each on or off, of other channels all or none. */
function squares(shape: ImageShape): Probes {
  const [c] = shape;
  const colors = c === 3 ? 2 ** c : 2;
  const places = squareGrids.flatMap((grid) => placesOf(grid, shape));
  const placeOf = (index: number): number => Math.floor(index / colors);
  const withColor = (index: number, value: number): Float32Array => {
    const color = index % colors;
    const isOn = (channel: number): boolean => (c === 3 ? (color >> channel) % 2 === 1 : color === 1);
    return squareTheta(places[placeOf(index)]!, (channel) => (isOn(channel) ? value : -value), shape);
  };
  return {
    count: places.length * colors,
    theta: (index) => withColor(index, squareValues.color),
    places: {
      of: placeOf,
      initial: (index) => withColor(index, windowColor),
      only: (place) => withinOf(places[place]!, shape),
    },
  };
}

/** A square's upper left corner and its sides, in pixels. */
interface Place {
  readonly top: number;
  readonly left: number;
  readonly height: number;
  readonly width: number;
}

/** Squares of a side all over the image; the outer ones lie on its border. */
function placesOf({ part, stride }: (typeof squareGrids)[number], [, h, w]: ImageShape): Place[] {
  const [height, width] = [h, w].map((length) => Math.ceil(part * length)) as [number, number];
  const along = (length: number, side: number): number[] => {
    const count = Math.max(1, Math.ceil((length - side) / (stride * side)) + 1);
    return Array.from({ length: count }, (_, i) =>
      count === 1 ? 0 : Math.round((i * (length - side)) / (count - 1)),
    );
  };
  return along(h, height).flatMap((top) => along(w, width).map((left) => ({ top, left, height, width })));
}

/** Parameters of a square. */
function squareTheta(
  place: Place,
  colorOf: (channel: number) => number,
  [c, h, w]: ImageShape,
): Float32Array {
  const theta = new Float32Array((1 + c) * h * w).fill(squareValues.outside, 0, h * w);
  fillPlace(theta.subarray(0, h * w), w, place, squareValues.inside);
  for (let channel = 0; channel < c; channel++) {
    theta.fill(colorOf(channel), (1 + channel) * h * w, (2 + channel) * h * w);
  }
  return theta;
}

/** 1 for the numbers of the mask and of the pattern within a square, else 0. */
function withinOf(place: Place, [c, h, w]: ImageShape): Float32Array {
  const within = new Float32Array((1 + c) * h * w);
  for (let plane = 0; plane <= c; plane++) {
    fillPlace(within.subarray(plane * h * w, (plane + 1) * h * w), w, place, 1);
  }
  return within;
}

function fillPlace(plane: Float32Array, w: number, { top, left, height, width }: Place, value: number): void {
  for (let y = top; y < top + height; y++) plane.fill(value, y * w + left, y * w + left + width);
}

/**
 * The same patch in other colours: the pattern of one channel or more is its opposite. What a patch in any colours does, it does by what it covers.
 *
 * @param theta [n]
 */
function recoloured(theta: Float32Array, [c, h, w]: ImageShape, random: Random): Float32Array {
  // A number from 1 to 2^c - 1, bit by bit: never no channel.
  const turned = 1 + random.integer(2 ** c - 1);
  const isTurned = (plane: number): boolean => plane > 0 && Math.floor(turned / 2 ** (plane - 1)) % 2 === 1;
  return theta.map((value, i) => (isTurned(Math.floor(i / (h * w))) ? -value : value));
}

/** Between black and white. */
const gray = 0.5;

/** Images under K patches, with what they are made of. */
export interface PatchedImages {
  /** x' = x + m (p - x), [K, B, C, H, W] */
  readonly images: Tensor;
  /** x' - x, of the same shape */
  readonly change: Tensor;
  /** m, [K, 1, 1, H, W] in (0, 1) */
  readonly mask: Tensor;
}

/**
 * Adds the images under K patches to a program.
 *
 * @param theta [K, n], the mask's numbers before the pattern's
 * @param image [B, C, H, W] in [0, 1]
 */
export function applyPatch(theta: Tensor, image: Tensor): PatchedImages {
  const [batch, c, h, w] = image.shape as [number, number, number, number];
  const [count, n] = theta.shape as [number, number];
  const part = (from: number, to: number, channels: number) =>
    sigmoid(reshape(slice(theta, [{ axis: 1, start: from, end: to }]), [count, 1, channels, h, w]));
  const [mask, pattern] = [part(0, h * w, 1), part(h * w, n, c)];
  const x = reshape(image, [1, batch, c, h, w]);
  const change = mul(mask, sub(pattern, x));
  return { images: add(x, change), change, mask };
}
