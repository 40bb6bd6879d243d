/** What a face does: smiles, brows, the mouth, and lids that follow the gaze. */
import type { Random } from "../../random.ts";
import type { Direction } from "./angles.ts";

/** How much the lids close or open for each radian that the eyes look down or up in the head. */
const closingRate = 1;
const openingRate = 2;

/**
 * Draws an expression.
 *
 * @param race whose targets are taken
 * @param eyeInHead where the eyes look as seen from the head, in radians
 * @param random the only source of chance
 * @returns names of morph targets with their weights
 */
export function drawExpression(race: string, eyeInHead: Direction, random: Random): [string, number][] {
  const strength = (probability: number, most: number): number => {
    const [isThere, amount] = [random.uniform() < probability, random.uniform()];
    return isThere ? most * amount : 0;
  };
  const { pitch } = eyeInHead;
  const closure = Math.min(Math.max(-pitch, 0) * closingRate + strength(0.2, 0.15), 0.45);
  const opening = Math.min(Math.max(pitch, 0) * openingRate + strength(0.3, 0.3), 0.8);
  const areBrowsUp = random.uniform() < 0.7;
  const brows = strength(0.5, areBrowsUp ? 0.7 : 0.3);
  const both = (name: (side: string) => string, weight: number): [string, number][] =>
    ["left", "right"].map((side) => [name(side), weight]);
  const units: [string, number][] = [
    ...both((side) => `eye-${side}-closure`, closure),
    ...both((side) => `eye-${side}-opened-up`, opening),
    ...both((side) => `eyebrows-${side}-${areBrowsUp ? "up" : "down"}`, brows),
    ["mouth-corner-puller", strength(0.5, 0.8)],
    ["mouth-open", strength(0.25, 0.5)],
    ["mouth-compression", strength(0.15, 0.5)],
    ["mouth-depression", strength(0.15, 0.5)],
    ["mouth-pursing", strength(0.1, 0.4)],
  ];
  return units
    .filter(([, weight]) => weight > 0)
    .map(([name, weight]) => [`expression/units/${race}/${name}`, weight]);
}
