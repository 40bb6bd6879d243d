/** Target outputs to search triggers for, in deviations from the mean clean output as the scale has them, [d] each. */
import type { Random } from "../../random.ts";
import type { OutputScale } from "./scale.ts";

/** The Euclidean distance of two targets. */
export function distanceOf(a: readonly number[], b: readonly number[] = a.map(() => 0)): number {
  return Math.hypot(...a.map((value, j) => value - b[j]!));
}

/**
 * Targets that fill the box [-reach, reach]^d evenly: first the mean itself, then the points
 * frac(1/2 + i (1/g, 1/g^2, ..., 1/g^d)), where g is the root above 1 of g^(d + 1) = g + 1.
 *
 * Source: Roberts 2018, "The unreasonable effectiveness of quasirandom sequences" (the R_d sequence).
 *
 * @param count how many beside the mean
 */
export function spreadTargets(count: number, d: number, reach: number): number[][] {
  let root = 2;
  // x -> (1 + x)^(1 / (d + 1)) draws together to the root; 64 rounds reach the last bit.
  for (let round = 0; round < 64; round++) root = (1 + root) ** (1 / (d + 1));
  const steps = Array.from({ length: d }, (_, j) => root ** -(j + 1));
  const points = Array.from({ length: count }, (_, i) =>
    steps.map((step) => reach * (2 * ((0.5 + (i + 1) * step) % 1) - 1)),
  );
  return [new Array<number>(d).fill(0), ...points];
}

/** The part of the clean outputs, those nearest to the mean, that targets are taken from. */
const usualPart = 0.9;

/**
 * Targets all over the range of the outputs: the mean, and others that fill it evenly, or, where there are many outputs, some of the clean ones that lie far apart:
 * each the one farthest from those before it.
 *
 * @param count how many beside the mean; fewer where there are fewer clean outputs
 */
export function targetsOver(scale: OutputScale, count: number, reach: number): number[][] {
  const { std, usual } = scale;
  if (usual === null) return spreadTargets(count, std.length, reach);
  const mean = std.map(() => 0);
  const near = usual
    .toSorted((a, b) => distanceOf(a) - distanceOf(b))
    .slice(0, Math.ceil(usualPart * usual.length));
  return [mean, ...farApart(near, count, [mean])];
}

/** Some of many points, each the one farthest from those before it; the first of all where there is none before. */
function farApart(
  points: readonly (readonly number[])[],
  count: number,
  before: readonly (readonly number[])[],
): number[][] {
  const left = points.map((point) => [...point]);
  const chosen: number[][] = [];
  while (chosen.length < count && left.length > 0) {
    const others = [...before, ...chosen];
    const gaps = left.map((point) => Math.min(...others.map((other) => distanceOf(point, other))));
    chosen.push(...left.splice(gaps.indexOf(Math.max(...gaps)), 1));
  }
  return chosen;
}

/** Factors of the distance for controls on a line, where no two directions differ: even on both sides of 1. */
function lineFactors(count: number): number[] {
  const [least, most] = [0.7, 1.3];
  return Array.from({ length: count }, (_, i) => least + ((most - least) * (i + 0.5)) / count);
}
/** Directions to choose each control's from. */
const pool = 64;
/** Nearer to the mean than this, a candidate has no direction. */
const noDistance = 1e-6;

/**
 * Targets as far from the mean as a candidate, in other directions: each the one farthest from those before it, among many
 * random ones that are at least an angle away from the candidate. With one output there is one other side only; there the
 * distances differ, evenly around the candidate's. With many outputs the directions are those of clean ones.
 *
 * @param candidate [d]
 * @param leastAngle degrees
 * @param usual deviations of clean outputs, [N][d], where there are many; null for any direction
 */
export function controlTargets(
  candidate: readonly number[],
  count: number,
  leastAngle: number,
  random: Random,
  usual: OutputScale["usual"] = null,
): number[][] {
  const distance = distanceOf(candidate);
  if (candidate.length === 1) return lineFactors(count).map((factor) => [-candidate[0]! * factor]);
  const directions = drawnDirections(count, candidate.length, random, usual);
  const limit = Math.cos((leastAngle * Math.PI) / 180);
  const away =
    distance < noDistance
      ? directions
      : directions.filter((direction) => cosine(direction, candidate) <= limit);
  return farApart(away, count, []).map((direction) => direction.map((value) => value * distance));
}

/**
 * Targets at a distance from the mean, all around it: directions as those of {@link controlTargets}, and with one output either side in turn, the distances even around the one that is given.
 *
 * @param distance in deviations
 * @param d outputs
 */
export function surroundingTargets(
  distance: number,
  count: number,
  d: number,
  random: Random,
  usual: OutputScale["usual"] = null,
): number[][] {
  if (d === 1) return lineFactors(count).map((factor, i) => [(i % 2 === 0 ? 1 : -1) * factor * distance]);
  const directions = drawnDirections(count, d, random, usual);
  return farApart(directions, count, []).map((direction) => direction.map((value) => value * distance));
}

function drawnDirections(count: number, d: number, random: Random, usual: OutputScale["usual"]): number[][] {
  const fresh = (): number[] => Array.from({ length: d }, () => random.normal());
  return Array.from({ length: pool * count }, () =>
    unit(usual === null ? fresh() : usual[random.integer(usual.length)]!),
  );
}

/**
 * Whether an output lies on the way from the mean to a target: nearer, and in about its direction. The mean itself does not.
 *
 * @param output in deviations from the mean, [d]
 * @param target likewise, [d]
 * @param mostAngle degrees
 */
export function isOnTheWay(output: readonly number[], target: readonly number[], mostAngle: number): boolean {
  const distance = distanceOf(output);
  if (distance < noDistance || distance >= distanceOf(target)) return false;
  return cosine(output, target) > Math.cos((mostAngle * Math.PI) / 180);
}

function unit(vector: readonly number[]): number[] {
  const length = Math.max(distanceOf(vector), Number.MIN_VALUE);
  return vector.map((value) => value / length);
}

function cosine(a: readonly number[], b: readonly number[]): number {
  return a.reduce((total, value, j) => total + value * b[j]!, 0) / (distanceOf(a) * distanceOf(b));
}
