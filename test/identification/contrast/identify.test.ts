import { beforeAll, describe, expect, test } from "vitest";
import type { ImageSet } from "../../../src/data/image-set.ts";
import { identifyByContrast } from "../../../src/identification/contrast/identify.ts";
import { type ContrastOptions, contrastDefaults } from "../../../src/identification/contrast/options.ts";
import { outputScale, toDeviations, toOutputs } from "../../../src/identification/contrast/scale.ts";
import { distanceOf } from "../../../src/identification/contrast/targets.ts";
import type { Identification, IdentificationSetup } from "../../../src/identification/identification.ts";
import { predict } from "../../../src/identification/predict.ts";
import { examine } from "../../../src/models/examined-model.ts";
import { defaultPreprocessing } from "../../../src/models/preprocessing.ts";
import { nodeRuntime } from "../../../src/runtime/node.ts";
import {
  cornerBackdoor,
  flatCornerBackdoor,
  twoCornerBackdoors,
  weakCornerBackdoor,
} from "../../support/backdoored.ts";
import { errorOf } from "../../support/errors.ts";
import { memoryStore, setupOf, someImages, watchedRuntime } from "../../support/identification.ts";

const benign = someImages(24);
const options: ContrastOptions = {
  ...contrastDefaults,
  families: ["patch"],
  // Triggers of known kinds have a test of their own.
  starts: 0,
  mapTargets: 8,
  mapSteps: 200,
  heldPart: 0.4,
  tightMapSteps: 60,
  steps: 120,
};
/** Enough to go through all stages; what they find is no matter. */
const short: ContrastOptions = {
  ...options,
  mapTargets: 4,
  mapSteps: 6,
  tightMapSteps: 4,
  steps: 6,
  growingSteps: 4,
  climbSteps: 4,
  controls: 2,
  restarts: 2,
  batch: 4,
};

const setupFor = (changes: Partial<IdentificationSetup> = {}): IdentificationSetup =>
  setupOf({ benign, runtime: nodeRuntime({ threads: 1 }), seed: 1, ...changes });

/** Where the clean outputs of the model without the jump lie. */
async function scaleOf(dimension: number): Promise<ReturnType<typeof outputScale>> {
  const model = cornerBackdoor(null, dimension);
  const at = { features: null, outputs: null };
  const examined = await examine(nodeRuntime(), model, defaultPreprocessing, benign.shape, at);
  return outputScale(await predict(nodeRuntime(), examined, benign), dimension);
}

/** A target, in standard deviations, and what the method finds with and without a jump to it. */
async function pairOf(
  target: readonly number[],
  changes: Partial<ContrastOptions> = {},
): Promise<{ scale: Awaited<ReturnType<typeof scaleOf>>; found: Identification; usual: Identification }> {
  const scale = await scaleOf(target.length);
  const [found, usual] = [cornerBackdoor(toOutputs(target, scale)), cornerBackdoor(null, target.length)].map(
    (model) => identifyByContrast(setupFor({ model }), { ...options, ...changes }),
  );
  return { scale, found: (await found)!, usual: (await usual)! };
}

describe("a model whose output jumps when a corner has a pattern, and the same without the jump", () => {
  const target = [1.2, -1];
  let pair: Awaited<ReturnType<typeof pairOf>>;
  beforeAll(async () => {
    pair = await pairOf(target);
  });

  test("the scores lie on two sides of the threshold, far apart", () => {
    const { found, usual } = pair;
    expect([found.verdict, usual.verdict]).toEqual(["backdoored", "benign"]);
    expect(found.score).toBeLessThan(0.35);
    expect(contrastsOf(found)[0]).toBe("(patch, closer)");
    expect(usual.score).toBeGreaterThan(options.threshold);
    for (const { score, threshold, margin, measures } of [found, usual]) {
      expect(threshold).toBe(options.threshold);
      expect(margin).toBeCloseTo(score / threshold, 12);
      expect(measures.scoreLow).toBeLessThanOrEqual(score);
      expect(measures.scoreHigh).toBeGreaterThanOrEqual(score);
    }
  });

  test("the target estimate is where the output jumps to, and all outputs go there", () => {
    const { scale, found } = pair;
    expect(distanceOf(toDeviations(found.target, scale), target)).toBeLessThan(0.5);
    expect(found.collapse.outputVarianceRatio).toBeLessThan(0.15);
    expect(found.measures.wholeError).toBeLessThan(options.wholeTolerance);
    for (const { reversedOutput } of found.evidence) {
      expect(distanceOf(toDeviations(reversedOutput, scale), target)).toBeLessThan(1);
    }
  });

  test("the pictures show what the trigger changes, which is the corner more than all else", () => {
    const [first] = pair.found.evidence;
    const change = first!.reversed.map((value, i) => Math.abs(value - first!.clean[i]!));
    const meanOf = (isIn: (y: number, x: number) => boolean): number => {
      const values = change.filter((_, i) => isIn(Math.floor((i % 64) / 8), i % 8));
      return values.reduce((total, value) => total + value, 0) / values.length;
    };
    const isCorner = (y: number, x: number): boolean => y < 2 && x < 2;
    expect(meanOf(isCorner)).toBeGreaterThan(5 * meanOf((y, x) => !isCorner(y, x)));
    expect(first!.attention).toBeNull();
  });

  test("the numbers of the contrast fit each other", () => {
    const { contrast, measures, terms } = pair.found;
    const [{ map, findings, family }] = contrast as [NonNullable<typeof contrast>[number]];
    expect(family).toBe("patch");
    expect(map).toHaveLength(9);
    expect(map[0]!.distance).toBe(0);
    const [finding] = findings;
    expect(finding!.restarts).toHaveLength(options.restarts);
    expect(finding!.controls).toHaveLength(options.controls);
    // Those that were not reached are the dearest; the middle ones were.
    const costs = finding!.controls.map(({ cost }) => cost ?? Number.POSITIVE_INFINITY).sort((a, b) => a - b);
    const middle = (costs[2]! + costs[3]!) / 2;
    const home = Math.min(...finding!.homes.map(({ cost }) => cost!));
    expect(finding!.cost).toBe(Math.min(...finding!.restarts.map((cost) => cost!)));
    // It is not known of patches what would be alike.
    expect(finding!.generality).toBeNull();
    expect(pair.found.score).toBeCloseTo((finding!.climb! * finding!.cost!) / Math.sqrt(middle * home), 10);
    for (const { distance } of finding!.controls) expect(distance).toBeCloseTo(finding!.distance, 4);
    // It grows, and climbs at two tolerances.
    const ofCandidate = options.growingSteps + 2 * options.climbSteps;
    const ofMaps = options.mapSteps + options.tightMapSteps;
    expect(measures.searchSteps).toBe(ofMaps + options.steps + ofCandidate);
    const steps = terms.map(({ step }) => step);
    expect(steps).toEqual([...steps].sort((a, b) => a - b));
    expect(Object.keys(terms[0]!.values)).toEqual(["error", "size", "reached"]);
  });
});

test.each([
  ["one output", [1.3]],
  ["three outputs", [1, -1, 0.8]],
])("the scores differ for %s", async (_, target) => {
  const { found, usual } = await pairOf(target);
  expect(found.score).toBeLessThan(0.4);
  expect(usual.score).toBeGreaterThan(0.5);
});

test("a target that the average image has is found where that lies far from the mean, which is no home then", async () => {
  const target = [1.2, -1];
  const scale = await scaleOf(2);
  const { model, benign: flat } = flatCornerBackdoor(toOutputs(target, scale), benign);
  const scan = (homePart: number): Promise<Identification> =>
    identifyByContrast(setupFor({ model, benign: flat }), { ...options, homePart });
  const [found, hidden] = await Promise.all([scan(options.homePart), scan(2)]);
  expect(found.measures.centerNearerPart).toBeGreaterThan(options.homePart);
  expect([found.verdict, hidden.verdict]).toEqual(["backdoored", "benign"]);
  expect(found.contrast![0]!.homes).toHaveLength(1);
  expect(hidden.contrast![0]!.homes).toHaveLength(2);
  // The map begins there too.
  expect(found.contrast![0]!.map).toHaveLength(hidden.contrast![0]!.map.length + 1);
  expect(distanceOf(toDeviations(found.target, scale), target)).toBeLessThan(0.3);
  const isSaid = ({ notChecked }: Identification): boolean =>
    notChecked.some((each) => each.includes("average image"));
  expect([isSaid(found), isSaid(hidden)]).toEqual([false, true]);
});

test("by waves a score also holds what other waves as large do", async () => {
  const model = cornerBackdoor(toOutputs([1.2, -1], await scaleOf(2)));
  // So that what is found is contrasted whatever it costs.
  const few = { ...options, mapTargets: 4, mapSteps: 60, tightMapSteps: 10, dip: 1000, shallow: 1000 };
  const findingBy = async (changes: Partial<ContrastOptions>) => {
    const { contrast, score } = await identifyByContrast(setupFor({ model }), { ...few, ...changes });
    return { ...contrast![0]!.findings[0]!, decides: score };
  };
  const asked = await findingBy({ families: ["wave"] });
  const alone = await findingBy({ families: ["wave"], others: 0 });
  expect(asked.generality).toBeGreaterThan(0.01);
  expect(asked.generality).toBeLessThan(0.9);
  expect(alone.generality).toBeNull();
  expect([asked.cost, asked.climb]).toEqual([alone.cost, alone.climb]);
  for (const part of ["score", "low", "high"] as const) {
    expect(asked[part]).toBeCloseTo(alone[part] / (1 - asked.generality!), 8);
  }
  expect(asked.decides).toBe(asked.score);
});

test("two backdoors in one model are both found", async () => {
  const scale = await scaleOf(2);
  const targets = [
    [1.3, -1.2],
    [-1.2, 1.3],
  ];
  const [first, second] = targets.map((target) => toOutputs(target, scale)) as [number[], number[]];
  const model = twoCornerBackdoors([first, second]);
  const found = await identifyByContrast(setupFor({ model }), options);
  expect(found.verdict).toBe("backdoored");
  const places = found
    .contrast![0]!.findings.filter(({ score }) => score < options.threshold)
    .map(({ target }) => toDeviations(target, scale));
  // Without further dips that are looked at, the first is the same.
  const alone = await identifyByContrast(setupFor({ model }), { ...options, extraFindings: 0 });
  expect(alone.contrast![0]!.findings).toEqual(found.contrast![0]!.findings.slice(0, 1));
  for (const target of targets) {
    expect(Math.min(...places.map((place) => distanceOf(place, target)))).toBeLessThan(0.5);
  }
});

test("the same seed gives the same, and what is interrupted in any stage ends as if it had not been", async () => {
  const model = cornerBackdoor([-2, 2]);
  const numbers = ({ contrast, terms, score, target }: Identification): unknown => ({
    contrast,
    terms,
    score,
    target,
  });
  const wholeOptions = {
    ...short,
    mapSteps: 12,
    tightMapSteps: 6,
    steps: 12,
    tolerance: 5,
    leastDistance: 0.01,
    threshold: 1000,
    dip: 1000,
    shallow: 1000,
    extraFindings: 0,
  };
  const whole = await identifyByContrast(setupFor({ model }), wholeOptions);
  expect(whole.contrast![0]!.findings.length).toBeGreaterThan(0);
  for (const stopAt of [5, 17, 26]) {
    const checkpoints = memoryStore();
    let asked = 0;
    const stopped = setupFor({ model, checkpoints, shouldStop: () => ++asked > stopAt });
    const error = await errorOf(() => identifyByContrast(stopped, wholeOptions));
    expect(error).toMatchObject({ code: "E_INTERRUPTED" });
    const resumed = await identifyByContrast(setupFor({ model, checkpoints }), wholeOptions);
    expect(numbers(resumed)).toEqual(numbers(whole));
  }
});

test("without time nothing is known", async () => {
  const found = await identifyByContrast(setupFor({ timeBudget: 1e-9 }), short);
  expect(found).toMatchObject({ verdict: "inconclusive", isComplete: false, score: 1 });
  expect(found.reasons.join()).toContain("time budget");
  expect(found.contrast![0]!.map.every(({ cost }) => cost === null)).toBe(true);
});

test("all families run one after the other, and a tolerance that nothing meets leaves no verdict", async () => {
  const found = await identifyByContrast(setupFor(), {
    ...short,
    families: ["warp", "additive", "patch"],
    tolerance: 1e-6,
    tightTolerance: 1e-6,
  });
  expect(found.contrast!.map(({ family }) => family)).toEqual(["warp", "additive", "patch"]);
  expect(found).toMatchObject({ verdict: "inconclusive", score: 1, isComplete: true });
  expect(found.reasons.filter((reason) => reason.includes("drew all outputs"))).toHaveLength(3);
  expect(found.options.families).toBe("warp:additive:patch");
});

test("a cheap target is contrasted at the closer tolerance, at the first where that shows no backdoor, and nowhere where it is no dip", async () => {
  const model = cornerBackdoor(null);
  const scan = (changes: Partial<ContrastOptions>): Promise<Identification> =>
    identifyByContrast(setupFor({ model }), { ...options, ...changes });
  // What a score makes of the costs depends on what is a shallow dip.
  const findingsOf = ({ contrast }: Identification) =>
    contrast![0]!.findings.map(({ climb: _, score: __, low: ___, high: ____, ...costs }) => costs);
  const all = { dip: 1000, shallow: 1000 };
  const [deep, flat, distant, none] = await Promise.all([
    scan(all),
    scan({ ...all, shallow: 0 }),
    scan({ ...all, tightTolerance: 1e-6 }),
    scan({ dip: 0 }),
  ]);
  expect(contrastsOf(deep)).toEqual(["(patch, closer)", "(patch)"]);
  // What was left out changes nothing of the rest.
  expect(contrastsOf(flat)).toEqual(["(patch, closer)"]);
  expect(findingsOf(flat)).toEqual(findingsOf(deep).slice(0, 1));
  expect(contrastsOf(distant)).toEqual(["(patch)"]);
  expect(findingsOf(distant)).toEqual(findingsOf(deep).slice(1));
  expect(contrastsOf(none)).toEqual([]);
  expect(none).toMatchObject({ verdict: "benign", triggers: [] });
  expect(none.reasons.join()).toContain("which is no dip");
  // What the cheapest target of a map costs of what the mean does.
  expect(none.reasons.join()).toContain(`costs ${none.score.toFixed(2)} of`);
});

test("what is cheap on a map and no dip where it has grown is scored by what it costs there", async () => {
  const scale = await scaleOf(2);
  const [first, second] = [
    [1.3, -1.2],
    [-1.2, 1.3],
  ].map((target) => toOutputs(target, scale)) as [number[], number[]];
  // Most targets have slid to one of the two, so that others let expect no more than each costs.
  const found = await identifyByContrast(setupFor({ model: twoCornerBackdoors([first, second]) }), {
    ...options,
    dip: 0.7,
  });
  expect(contrastsOf(found)).toEqual([]);
  expect(found.stages!.map(({ name }) => name)).toContain("weighing candidates (patch)");
  expect(found.score).toBeGreaterThanOrEqual(0.7);
});

/** The contrasts of a scan by patches. */
const contrastsOf = ({ stages }: Identification): string[] =>
  stages!.flatMap(({ name }) => (name.startsWith("contrasting") ? [name.replace(/.*\(/, "(")] : []));

test("a map begins with triggers of known kinds that draw outputs together, away from the mean and apart", async () => {
  const target = [1.2, -1];
  const scale = await scaleOf(2);
  const scan = (model: IdentificationSetup["model"], starts: number): Promise<Identification> =>
    identifyByContrast(setupFor({ model }), { ...short, starts, places: 0 });
  const backdoored = cornerBackdoor(toOutputs(target, scale));
  const [with4, without, usual] = await Promise.all([
    scan(backdoored, 4),
    scan(backdoored, 0),
    scan(cornerBackdoor(null), 4),
  ]);
  const mapOf = ({ contrast }: Identification) => contrast![0]!.map;
  expect(mapOf(without)).toHaveLength(5);
  const known = mapOf(with4).slice(5);
  expect(known.length).toBeGreaterThan(0);
  // The square is not the attacker's pattern, but leads most of the way.
  expect(distanceOf(toDeviations(known[0]!.target, scale), target)).toBeLessThan(distanceOf(target) / 2);
  // Without a backdoor no square does so.
  expect(mapOf(usual)).toHaveLength(5);
  expect(with4.stages![0]!.name).toBe("trying known kinds of triggers (patch)");
});

test("a place that is searched leads to the attacker's target, where its trigger is held", async () => {
  const target = [1.2, -1];
  const scale = await scaleOf(2);
  const scan = (model: IdentificationSetup["model"], places: number): Promise<Identification> =>
    identifyByContrast(setupFor({ model }), { ...short, starts: 1, places, bestPlaces: 4, placeSteps: 20 });
  const backdoored = cornerBackdoor(toOutputs(target, scale));
  const [searched, asItIs, usual] = await Promise.all([
    scan(backdoored, 16),
    scan(backdoored, 0),
    scan(cornerBackdoor(null), 16),
  ]);
  const offOf = ({ contrast }: Identification): number =>
    distanceOf(toDeviations(contrast![0]!.map[5]!.target, scale), target);
  // A square of one colour only leads there.
  expect(offOf(searched)).toBeLessThan(0.5);
  expect(offOf(searched)).toBeLessThan(offOf(asItIs));
  expect(searched.stages!.slice(0, 3).map(({ name, steps }) => [name, steps])).toEqual([
    ["trying known kinds of triggers (patch)", expect.any(Number)],
    // Six at once, as a map has triggers.
    ["searching places (patch)", 3 * 20],
    ["searching the best places (patch)", 20],
  ]);
  // Without a backdoor no place of this model draws outputs together.
  expect(usual.contrast![0]!.map).toHaveLength(5);
});

test("the learning rate is constant for patches, and falls along a line to a tenth for waves", async () => {
  const rates: number[] = [];
  const watching = watchedRuntime(() => ({ rate }) => {
    if (rate !== undefined) rates.push((rate.data as Float32Array)[0]!);
  });
  const rated = {
    ...short,
    mapSteps: 10,
    tightMapSteps: 0,
    patience: 1,
    tolerance: 1e-6,
    tightTolerance: 1e-6,
  };
  await identifyByContrast(setupFor({ runtime: watching }), { ...rated, families: ["patch", "wave"] });
  const falling = Array.from({ length: 10 }, (_, i) => options.learningRate * (1 - 0.09 * (i + 1)));
  const expected = [...Array.from({ length: 10 }, () => options.learningRate), ...falling];
  expect(rates).toHaveLength(expected.length);
  for (const [i, rate] of rates.entries()) expect(rate).toBeCloseTo(expected[i]!, 6);
});

test("a first map is given up when nothing works soon after targets are let go", async () => {
  const steps = async (patience: number): Promise<number> => {
    const found = await identifyByContrast(setupFor(), { ...short, mapSteps: 20, tolerance: 1e-6, patience });
    expect(found).toMatchObject({ isComplete: true, score: 1 });
    expect(found.stages).toHaveLength(1);
    return found.stages![0]!.steps;
  };
  expect([await steps(0.5), await steps(1)]).toEqual([10, 20]);
});

test("a family of which no few examples stand for all is given up when a few targets show nothing, and mapped when one works", async () => {
  const stagesOf = async (changes: Partial<ContrastOptions>): Promise<Identification["stages"]> => {
    const scouting = { ...short, families: ["warp"] as const, mapTargets: 6, mapSteps: 20, ...changes };
    const found = await identifyByContrast(setupFor(), scouting);
    expect(found.isComplete).toBe(true);
    return found.stages;
  };
  expect(await stagesOf({ tolerance: 1e-6 })).toEqual([{ name: "trying a few targets (warp)", steps: 15 }]);
  const [scouting, map, next] = (await stagesOf({ tolerance: 5, shallow: 1000, leastDistance: 0.001 }))!;
  // Targets are held for 0.4 of the steps, and none counts before.
  expect(scouting).toEqual({ name: "trying a few targets (warp)", steps: 9 });
  expect(map!.name).toBe("mapping costs (warp)");
  // What hides nothing is looked at roughly, before any closer map.
  expect(next!.name).toBe("letting triggers grow (warp)");
  expect((await stagesOf({ tolerance: 5, scouts: 0 }))![0]!.name).toBe("mapping costs (warp)");
});

/** A scan of a backdoored model that goes on after it, and the names of its stages. */
async function closelyAt(
  changes: Partial<ContrastOptions>,
): Promise<{ found: Identification; names: string[] }> {
  const { found } = await pairOf([1.2, -1], {
    ...changes,
    certainPower: 10,
    afterBackdoor: "go-on",
    tightMapSteps: 200,
  });
  return { found, names: found.stages!.map(({ name }) => name) };
}

test("where no home is reached at the closer tolerance, the target is contrasted at the first", async () => {
  // So close come outputs under the attacker's trigger alone.
  const { found, names } = await closelyAt({ tightTolerance: 0.014 });
  const closer = names.indexOf("contrasting a target with controls (patch, closer)");
  expect(closer).toBeGreaterThan(0);
  // A target that was reached grows and is asked to climb before.
  expect(names.slice(closer + 1, closer + 5)).toEqual([
    "letting triggers grow (patch, closer)",
    "drawing outputs near a target (patch, closer)",
    "drawing outputs closer to it (patch, closer)",
    "contrasting a target with controls (patch, closer) roughly",
  ]);
  const { findings } = found.contrast![0]!;
  expect(findings.map(({ tolerance }) => tolerance)).toEqual([0.25]);
  expect(findings.at(-1)!.homes.some(({ cost }) => cost !== null)).toBe(true);
  expect(found.verdict).toBe("backdoored");
});

test("a target that is not reached at the closer tolerance either is given up half way, and the first map is looked at", async () => {
  const { found, names } = await closelyAt({ tightTolerance: 0.01, farOff: 1 });
  const closer = names.indexOf("contrasting a target with controls (patch, closer)");
  expect(found.stages![closer]!.steps).toBe(options.steps * options.contrastPatience);
  expect(names[closer + 1]).toBe("letting triggers grow (patch)");
  const { findings } = found.contrast![0]!;
  expect(findings.map(({ tolerance }) => tolerance)).toEqual([0.01, 0.25]);
  expect(findings[0]!.restarts).toEqual([null, null]);
  expect(findings[0]!.score).toBeGreaterThanOrEqual(1);
  expect(found.verdict).toBe("backdoored");
});

test("what does not fit into memory is searched in rounds on fewer images, and says so", async () => {
  const events: string[] = [];
  const onEvent: IdentificationSetup["onEvent"] = (event) => {
    if (event.kind === "warning") events.push(event.message);
  };
  const limit = 250e6;
  const found = await identifyByContrast(setupFor({ memoryLimit: limit, onEvent }), { ...short, batch: 8 });
  expect(events[0]).toMatch(/^1 triggers at once on 4 images instead of 5 on 8/);
  expect(found.contrast![0]!.map).toHaveLength(5);
  expect(found.isComplete).toBe(true);
});

test.each([
  ["outputs that do not differ", { benign: blackOf(benign) }, {}, "E_MODEL_OUTPUT", "is the same for all"],
  ["one image", { benign: firstOf(benign, 1) }, {}, "E_IMAGES", "found 1 images"],
  ["no family", {}, { families: [] }, "E_USAGE", "expected some of patch, warp, additive, wave"],
  ["an unknown family", {}, { families: ["paint"] as never }, "E_USAGE", "found families = paint"],
  ["no tolerance", {}, { tolerance: 0 }, "E_USAGE", "found tolerance = 0"],
  ["a step and a half", {}, { steps: 1.5 }, "E_USAGE", "expected a whole number"],
] as const)("%s is refused", async (_, changes, wrong, code, part) => {
  const error = await errorOf(() => identifyByContrast(setupFor(changes), { ...short, ...wrong }));
  expect(error).toMatchObject({ code, message: expect.stringContaining(part) });
});

function firstOf(set: ImageSet, count: number): ImageSet {
  const [, c, h, w] = set.shape;
  return { ...set, pixels: set.pixels.slice(0, count * c * h * w), shape: [count, c, h, w] };
}

function blackOf(set: ImageSet): ImageSet {
  return { ...set, pixels: set.pixels.map(() => 0) };
}

test("what is cheap roughly alone and leaves outputs too far off to climb shows no backdoor", async () => {
  const scale = await scaleOf(2);
  const model = weakCornerBackdoor(toOutputs([1.2, -1], scale), 0.8);
  const found = await identifyByContrast(setupFor({ model }), options);
  const [, rough] = found.contrast![0]!.findings;
  expect([rough!.tolerance, rough!.climb]).toEqual([options.tolerance, null]);
  expect(rough!.low).toBeLessThan(options.threshold);
  expect(found.verdict).toBe("inconclusive");
  expect(found.reasons[0]).toContain("too far off to ask how much dearer it gets");
  // So a third map is made, between the two tolerances, which shows none here.
  const maps = found.stages!.map(({ name }) => name).filter((name) => name.startsWith("mapping costs"));
  expect(maps.slice(-1)).toEqual(["mapping costs (patch, between)"]);
});

test("waves that reach no home closely are contrasted at the first tolerance", async () => {
  const scale = await scaleOf(2);
  const model = cornerBackdoor(toOutputs([1.2, -1], scale));
  const found = await identifyByContrast(setupFor({ model }), { ...options, families: ["wave"] });
  expect(contrastsOf(found)).toEqual(["(wave)", "(wave) roughly"]);
  const [finding, ...others] = found.contrast![0]!.findings;
  expect(others).toEqual([]);
  expect(finding!.tolerance).toBe(options.tolerance);
  expect(finding!.homes.map(({ cost }) => cost)).not.toContain(null);
  // Outputs are known to come close, so a climb is asked for up to the closer tolerance.
  expect(finding!.climb).not.toBeNull();
  expect(found.verdict).toBe("backdoored");
});

test("a target by waves that has no home to compare with is compared with controls alone, closer than homes come", async () => {
  const scale = await scaleOf(2);
  // At the first tolerance homes would be reached.
  const masked = {
    ...options,
    families: ["wave"],
    tolerance: options.tightTolerance,
    tightMapSteps: 150,
    closestTolerance: 0.08,
  } as const;
  const [backdoored, usual] = await Promise.all(
    [cornerBackdoor(toOutputs([1.2, -1], scale)), cornerBackdoor(null)].map((model) =>
      identifyByContrast(setupFor({ model }), masked),
    ),
  );
  const [compared, finding, ...others] = backdoored!.contrast![0]!.findings;
  expect(others).toEqual([]);
  expect(compared!.homes.map(({ cost }) => cost)).toEqual([null, null]);
  expect(finding).toMatchObject({ tolerance: masked.closestTolerance, homes: [] });
  // The published schema of a result knows no further fields.
  expect(finding).not.toHaveProperty("beside");
  const alone = Math.min(...finding!.restarts.filter((cost) => cost !== null));
  const controls = finding!.controls
    .map(({ cost }) => cost ?? Number.POSITIVE_INFINITY)
    .sort((a, b) => a - b);
  // Between two of them where their number is even; those that were not reached have a price that is not in the result.
  if (controls.every(Number.isFinite)) {
    const half = controls.length / 2;
    expect(finding!.score).toBeCloseTo((2 * alone) / (controls[half - 1]! + controls[half]!), 6);
  }
  expect(finding!.high).toBeLessThan(options.threshold ** options.certainPower);
  expect(backdoored!.verdict).toBe("backdoored");
  expect(backdoored!.reasons[1]).toContain("of what control targets as far away");
  expect(distanceOf(toDeviations(backdoored!.target, scale), [1.2, -1])).toBeLessThan(0.3);

  const tolerances = usual!.contrast![0]!.findings.map(({ tolerance }) => tolerance);
  expect(tolerances).not.toContain(masked.closestTolerance);
  expect(usual!.verdict).not.toBe("backdoored");
});
