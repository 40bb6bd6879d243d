/** Families of trigger functions: what a search may change about an image, and how the size of a change is measured. */
import type { Random } from "../../random.ts";
import { abs, add, div, sqrt, square } from "../../tensor/elementwise.ts";
import type { Tensor } from "../../tensor/graph.ts";
import { mean } from "../../tensor/reduction.ts";

/** The shape of one image. */
export type ImageShape = readonly [channels: number, height: number, width: number];

/** Images under several triggers at once. */
export interface TriggeredImages {
  /** x' = A_k(x_i), [K, B, C, H, W] */
  readonly images: Tensor;
  /** How large each trigger is, [K]; 0 is no change, and the unit is the family's own. */
  readonly size: Tensor;
}

/** A part of a trigger as a picture. */
export interface TriggerPicture {
  /** `mask`, `pattern`, `on gray`: what an image that is gray all over becomes; `change`: 0.5 is none. */
  readonly name: string;
  /** What a change was multiplied with to be seen; 1 for what is shown as it is. */
  readonly scale: number;
  readonly shape: ImageShape;
  /** [C, H, W] in [0, 1] */
  readonly pixels: Float32Array;
}

/** Where a trigger takes pixels from, in k x k places spread over the image, the outer ones on its outer pixels. */
export interface DisplacementField {
  /** k */
  readonly side: number;
  /** How far to the right and down of a place its pixel is taken from, in pixels, [k, k]. */
  readonly x: Float32Array;
  readonly y: Float32Array;
}

/** What a trigger is made of. */
export interface TriggerParts {
  readonly pictures: readonly TriggerPicture[];
  /** Null for triggers that move nothing. */
  readonly displacement: DisplacementField | null;
}

/** Triggers of the kinds that attackers are known to use, one of which may already do what the attacker's does. */
export interface Probes {
  readonly count: number;
  /** Parameters of one of them, [n]. */
  theta(index: number): Float32Array;
  /** Where they lie; null for probes that are everywhere. */
  readonly places: ProbePlaces | null;
}

/** The places of probes, in each of which any other trigger may be searched. */
export interface ProbePlaces {
  /** The place of a probe; those of the same place differ in what they show there. */
  of(index: number): number;
  /** Parameters of a probe where they can still turn, [n]. */
  initial(index: number): Float32Array;
  /** 1 for the parameters of a place and 0 for all others, [n]. */
  only(place: number): Float32Array;
}

/** Triggers that are as large as one and much like it: what they do too is not that one's doing. */
export interface AlikeTriggers {
  /**
   * Another trigger.
   *
   * @param theta parameters of the one, [n]
   * @returns parameters of the other, [n]
   */
  another(theta: Float32Array, shape: ImageShape, random: Random): Float32Array;
  /**
   * What is made of the parts of the way that they go: their `mean`, where what is learnt loosely is reached by others too and those that reach it count for nothing; or the `least`, where one that
   * does little shows that it matters which it is.
   */
  readonly measure: "mean" | "least";
  /** Whether they are asked of all that is cheap, or only of what leaves outputs too far off to climb, which is no proof either way. */
  readonly asked: "always" | "in doubt";
}

/** A family of trigger functions with parameters theta. */
export interface TriggerFamily {
  readonly name: string;
  /** What its size is in, for reports. */
  readonly sizeUnit: string;
  /** Whether it takes pixels from elsewhere in the image: what it changes then is the image's own, and nothing at another place. */
  readonly movesPixels: boolean;
  /** Whether its triggers can cover what an image shows, so that a model falls back to what it says of nothing. */
  readonly canHide: boolean;
  /**
   * Whether its costs are mapped and contrasted at the closer tolerance alone: for sizes that grow with how far outputs are
   * moved, all costs of a backdoored model are low at a rough one, the controls' too. Only where no home is reached the first tolerance is asked. What is kept of them for a repair is the smallest trigger, not the grown one.
   */
  readonly isContrastedClosely: boolean;
  /**
   * The part of Adam's learning rate that is left at the end of a search: 1 where it is constant. What has few parameters, all of which go on moving by as much at a
   * constant rate, stays larger than it needs to be.
   */
  readonly lastRate: number;
  /** Arrays as large as the triggered images that a step holds at its fullest, for the estimate of memory. */
  readonly imageCopies: number;
  /** n, the number of parameters of one trigger. */
  length(shape: ImageShape): number;
  /** Parameters of one trigger to begin with, [n]: a faint one, since no trigger at all has no slope. */
  initial(shape: ImageShape, random: Random): Float32Array;
  /** Triggers to try before any is searched for; null for a family whose triggers no few examples stand for. */
  probes(shape: ImageShape): Probes | null;
  /** Parameters of a trigger under which no image shows what it did, each other than the last, nor under twice these, [n]; null for a family none of whose triggers do so on any model. */
  readonly hiding: ((shape: ImageShape, random: Random) => Float32Array) | null;
  /** Other triggers that are asked whether they do the same as one; null for a family in which it is not known what would be alike. */
  readonly alike: AlikeTriggers | null;
  /**
   * Adds the images under K triggers to a program.
   *
   * @param theta [K, n]
   * @param image [B, C, H, W] in [0, 1]
   */
  write(theta: Tensor, image: Tensor): TriggeredImages;
  /**
   * What one trigger is made of, for reports.
   *
   * @param theta its parameters, [n]
   */
  parts(theta: Float32Array, shape: ImageShape): TriggerParts;
}

/** Keeps the slope of a root mean square finite where the change is 0. */
const smallestSquare = 1e-12;

/**
 * The root mean square of each trigger's numbers, [K].
 *
 * @param values [K, ...]
 */
export function rootMeanSquare(values: Tensor): Tensor {
  const axes = values.shape.map((_, axis) => axis).slice(1);
  return sqrt(add(mean(square(values), { axes }), smallestSquare));
}

/**
 * mean |x' - x| / mean |x| of each trigger, [K].
 *
 * @param change x' - x, [K, B, C, H, W]
 * @param image x, of any shape
 */
export function relativeChange(change: Tensor, image: Tensor): Tensor {
  const smallest = 1e-6;
  return div(mean(abs(change), { axes: [1, 2, 3, 4] }), add(mean(abs(image)), smallest));
}

/** Normally distributed numbers. */
export function normals(random: Random, length: number, scale: number, center = 0): Float32Array {
  return Float32Array.from({ length }, () => center + scale * random.normal());
}

/**
 * The parts of a trigger that adds one change to all images.
 *
 * @param change x' - x before it is cut at black and white, [C, H, W] in units of [0, 1]
 */
export function partsOfChange(change: Float32Array, shape: ImageShape): TriggerParts {
  const scale = visibleScale(change.reduce((most, value) => Math.max(most, Math.abs(value)), 0));
  const pixels = change.map((value) => 0.5 + (scale * value) / 2);
  return { pictures: [{ name: "change", scale, shape, pixels }], displacement: null };
}

/** The factors by which changes are shown larger than they are. */
const scales = [50, 20, 10, 5, 2];

/**
 * The factor that makes a change visible and cuts none of it off.
 *
 * @param largest the largest change of a pixel, in units of [0, 1]
 */
export function visibleScale(largest: number): number {
  return scales.find((scale) => scale * largest <= 1) ?? 1;
}
