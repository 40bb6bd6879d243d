/** Who is seen: the shape of a head as a mixture of morph targets, and what belongs to it, all drawn at random. */
import type { Random } from "../../random.ts";
import { type Color, linearColor } from "./color.ts";
import type { HeadModel } from "./model.ts";

/** How much of each morph target, by name. */
export type TargetWeights = ReadonlyMap<string, number>;

/** A person. Indices are those in the lists of the model. */
export interface Identity {
  readonly race: string;
  readonly weights: TargetWeights;
  readonly skin: number;
  readonly hair: number | null;
  readonly brow: number | null;
  readonly lash: number | null;
  /** Linear factors on the skin's texture. */
  readonly skinTint: Color;
  /** Linear. */
  readonly hairColor: Color;
  readonly irisColor: Color;
  /** Half the angle that the iris covers, seen from the middle of the eyeball, in radians. */
  readonly irisRadius: number;
  /** The pupil's radius as a part of the iris'. */
  readonly pupil: number;
}

const races = ["african", "asian", "caucasian"] as const;
const sexes = ["female", "male"] as const;
const ages = ["young", "old"] as const;

/** Both ends of one slider, in the order less and more. */
const ends: readonly (readonly [string, string])[] = [
  ["decr", "incr"],
  ["decrease", "increase"],
  ["less", "more"],
  ["min", "max"],
  ["in", "out"],
  ["down", "up"],
  ["deflate", "inflate"],
  ["backward", "forward"],
  ["concave", "convex"],
  ["small", "big"],
  ["compress", "uncompress"],
  ["lesshump", "morehump"],
  ["lessgreek", "moregreek"],
  ["point", "potato"],
];
const detail = /^(head|nose|mouth|chin|cheek|ears|eyes|eyebrows|forehead|neck)\//;
/** What moves a part off its place or away from the eyeballs. */
const unused = /trans-(horiz|in|out)|head-trans|eye-push|eye-move|neck-trans|head-age|mouth-trans-backward/;
const wholeShapes = /^head\/head-(oval|round|rectangular|square|triangular|invertedtriangular|diamond)$/;

/** Detail targets above this look odd. */
const mostDetail = 0.65;

const hairColors: readonly Color[] = [
  [0.09, 0.07, 0.06],
  [0.16, 0.11, 0.08],
  [0.3, 0.19, 0.12],
  [0.45, 0.3, 0.18],
  [0.72, 0.56, 0.36],
  [0.5, 0.22, 0.12],
  [0.62, 0.6, 0.58],
];
const irisColors: readonly Color[] = [
  [0.25, 0.14, 0.07],
  [0.36, 0.22, 0.1],
  [0.42, 0.34, 0.16],
  [0.35, 0.44, 0.3],
  [0.4, 0.52, 0.62],
  [0.52, 0.56, 0.58],
];

/** The names of the two ends of every slider of details that a model has; the left side's stands for both. */
export function slidersOf(targets: Iterable<string>): (readonly [less: string, more: string])[] {
  const names = new Set(targets);
  const sliders: (readonly [string, string])[] = [];
  for (const name of names) {
    if (!detail.test(name) || unused.test(name) || /\/r-/.test(name)) continue;
    for (const [less, more] of ends) {
      const other = name.slice(0, -less.length) + more;
      if (name.endsWith(`-${less}`) && names.has(other)) sliders.push([name, other]);
    }
  }
  return sliders.sort(([a], [b]) => (a < b ? -1 : 1));
}

/** The names of macro targets and how much of each makes a person of some race, sex, age and weight. */
function macroWeights(
  race: readonly (readonly [string, number])[],
  sex: string,
  oldness: number,
  heaviness: number,
): [string, number][] {
  const ageParts = [
    ["young", 1 - oldness],
    ["old", oldness],
  ] as const;
  const heavy = heaviness > 0 ? "maxweight" : "minweight";
  const weightParts = [
    ["averageweight", 1 - Math.abs(heaviness)],
    [heavy, Math.abs(heaviness)],
  ] as const;
  return ageParts.flatMap(([age, agePart]) => [
    ...race.map(([name, part]): [string, number] => [`macrodetails/${name}-${sex}-${age}`, part * agePart]),
    ...weightParts.map(([weight, part]): [string, number] => [
      `macrodetails/universal-${sex}-${age}-averagemuscle-${weight}`,
      part * agePart,
    ]),
  ]);
}

/**
 * Draws a person.
 *
 * @param model what there is to choose from
 * @param random the only source of chance
 */
export function drawIdentity(model: HeadModel, random: Random): Identity {
  const pick = <T>(items: readonly T[]): T => items[random.integer(items.length)]!;
  const indexOrNull = (count: number): number | null => (count === 0 ? null : random.integer(count));
  const race = pick(races);
  const other = pick(races);
  const mixed = 0.4 * random.uniform();
  const sex = pick(sexes);
  const oldness = random.uniform() ** 2;
  const weights = new Map<string, number>();
  const add = (name: string, weight: number): void => {
    if (model.targets.has(name)) weights.set(name, (weights.get(name) ?? 0) + weight);
  };
  const raceParts = [[race, 1 - mixed] as const, [other, mixed] as const];
  for (const [name, weight] of macroWeights(raceParts, sex, oldness, 1.6 * random.uniform() - 0.8))
    add(name, weight);
  for (const [less, more] of slidersOf(model.targets.keys())) {
    const value = Math.min(Math.max(0.28 * random.normal(), -mostDetail), mostDetail);
    const name = value < 0 ? less : more;
    add(name, Math.abs(value));
    if (name.includes("/l-")) add(name.replace("/l-", "/r-"), Math.abs(value));
  }
  const shapes = [...model.targets.keys()].filter((name) => wholeShapes.test(name)).sort();
  if (shapes.length > 0) add(pick(shapes), 0.7 * random.uniform());
  const age = oldness < 0.3 ? ages[0] : oldness > 0.75 ? ages[1] : "middleage";
  const skins = model.skins.flatMap((skin, i) =>
    skin.race === race && skin.sex === sex ? [{ skin, i }] : [],
  );
  const suited = skins.filter(({ skin }) => skin.age === age);
  const skin =
    suited.length > 0
      ? pick(suited).i
      : skins.length > 0
        ? pick(skins).i
        : random.integer(model.skins.length);
  const isDark = race !== "caucasian" && random.uniform() < 0.9;
  const shade = 0.8 + 0.35 * random.uniform();
  const warmth = 0.06 * random.normal();
  return {
    race,
    weights,
    skin,
    hair: random.uniform() < 0.08 ? null : indexOrNull(model.hairs.length),
    brow: indexOrNull(model.brows.length),
    lash: indexOrNull(model.lashes.length),
    skinTint: [shade * (1 + warmth), shade, shade * (1 - warmth)],
    hairColor: linearColor(isDark ? hairColors[random.integer(3)]! : pick(hairColors)),
    irisColor: linearColor(isDark ? irisColors[random.integer(2)]! : pick(irisColors)),
    irisRadius: 0.47 + 0.05 * random.uniform(),
    pupil: 0.3 + 0.25 * random.uniform(),
  };
}

/**
 * The mesh with some of its targets.
 *
 * @param model the mesh
 * @param weights which targets; unknown names are left out
 * @returns [n, 3] in dm
 */
export function morph(model: HeadModel, weights: Iterable<readonly [string, number]>): Float32Array {
  const shape = Float32Array.from(model.vertices);
  for (const [name, weight] of weights) {
    const target = model.targets.get(name);
    if (target === undefined) continue;
    const { vertices, deltas } = target;
    for (let i = 0; i < vertices.length; i++) {
      const v = 3 * vertices[i]!;
      shape[v]! += weight * deltas[3 * i]!;
      shape[v + 1]! += weight * deltas[3 * i + 1]!;
      shape[v + 2]! += weight * deltas[3 * i + 2]!;
    }
  }
  return shape;
}
