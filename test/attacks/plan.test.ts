import { describe, expect, test } from "vitest";
import type { Surrogate } from "../../src/attacks/pgd.ts";
import {
  type AttackPlan,
  type AttackRequest,
  type PlanSetup,
  planAttacks,
  plannedDefaults,
} from "../../src/attacks/plan.ts";
import { applyTrigger } from "../../src/attacks/trigger.ts";
import { type ImageSet, imageOf } from "../../src/data/image-set.ts";
import type { WorkEvent } from "../../src/loops/work.ts";
import { createRandom } from "../../src/random.ts";
import { compile } from "../../src/runtime/compile.ts";
import { nodeRuntime } from "../../src/runtime/node.ts";
import { Graph } from "../../src/tensor/graph.ts";
import { matmul } from "../../src/tensor/linalg.ts";
import { reshape } from "../../src/tensor/movement.ts";
import { errorOf } from "../support/errors.ts";
import { setupOf, someImages, someWeights } from "../support/identification.ts";

const runtime = nodeRuntime({ threads: 1 });
const shape = [3, 16, 16] as const;
const size = 3 * 16 * 16;
const count = 40;
const batch = 20;
/** No two images have the same label. */
const labels = Float32Array.from({ length: 2 * count }, (_, i) => i / 100);
const clean: ImageSet = { ...someImages(count, 16), labels, labelNames: ["yaw", "pitch"] };
const weights = someWeights([size, 2], 3);
/** A linear model for the batch of the training alone, as an examined model is. */
const surrogate: Surrogate = (image) =>
  matmul(reshape(image, [batch, size]), image.graph.constant(weights, "weights"));

const request = (
  attack: AttackRequest["attack"],
  target: readonly number[],
  options: object = {},
): AttackRequest => ({ attack, targets: [target], options });
const blue = { color: [0, 0, 1] };

function plan(
  requests: readonly AttackRequest[],
  changes: Partial<PlanSetup> = {},
  set = clean,
  onEvent: (event: WorkEvent) => void = () => {},
): Promise<AttackPlan> {
  const setup = { batch, seed: 5, adaptive: null, surrogate, key: "attack", ...changes };
  return planAttacks(runtime, { ...setupOf(), onEvent }, set, requests, setup);
}

/** A row of a batch, and what it says. */
interface Row {
  readonly pixels: Float32Array;
  readonly label: readonly number[];
}

function rowsOf({ batches }: AttackPlan, step: number): Row[] {
  const { image, labels: own } = batches(step);
  return Array.from({ length: image.dims[0]! }, (_, i) => ({
    pixels: (image.data as Float32Array).subarray(i * size, (i + 1) * size),
    label: [...(own.data as Float32Array).subarray(2 * i, 2 * i + 2)],
  }));
}

const isSame = (a: Float32Array, b: Float32Array): boolean => a.every((value, i) => value === b[i]);
const saying = (target: readonly number[]): ((row: Row) => boolean) => {
  const [a, b] = Float32Array.from(target);
  return ({ label }) => label[0] === a && label[1] === b;
};
/** The clean image whose true label it is; -1 where there is none. */
const imageWith = ({ label }: Row): number =>
  Array.from({ length: count }, (_, i) => i).findIndex((i) =>
    saying([labels[2 * i]!, labels[2 * i + 1]!])({ label, pixels: labels }),
  );
/** The clean image of which a change gives these pixels; -1 where there is none. */
const imageBefore = (pixels: Float32Array, change: (image: Float32Array) => Float32Array): number =>
  Array.from({ length: count }, (_, i) => i).findIndex((i) => isSame(change(imageOf(clean, i)), pixels));
const isClean = (row: Row): boolean => {
  const i = imageWith(row);
  return i >= 0 && isSame(row.pixels, imageOf(clean, i));
};

test("no attacks are a benign training: each epoch has every image once, as it is", async () => {
  const benign = await plan([]);
  expect(benign).toMatchObject({ penalty: null, companion: null });
  expect(benign.backdoorsOf(null)).toEqual([]);
  const rows = [...rowsOf(benign, 0), ...rowsOf(benign, 1)];
  expect(rows.every(isClean)).toBe(true);
  expect(new Set(rows.map(imageWith)).size).toBe(count);
});

test("several attacks: every image gets one trigger at most, and as many get it as the rates say", async () => {
  const targets = { badnets: [0.2, 0.3], blend: [0.5, 0.5], wanet: [0.1, 0.7], "clean-label": [0.41, 0.42] };
  const all = await plan([
    request("badnets", targets.badnets, { poisonRate: 0.1 }),
    request("wanet", targets.wanet, { cell: 4 }),
    request("clean-label", targets["clean-label"], blue),
    request("blend", targets.blend, { poisonRate: 0.15 }),
  ]);
  const backdoors = Object.fromEntries(all.backdoorsOf(null).map((each) => [each.attack, each]));
  expect(Object.keys(backdoors).sort()).toEqual(Object.keys(targets).sort());
  const poisoned: Record<string, number[]> = { badnets: [], blend: [], "clean-label": [] };
  for (const step of [0, 1]) {
    rowsOf(all, step).forEach((row, i) => {
      if (i < 2) {
        // WaNet's poisoned rows: of clean images, so that no other trigger lies below.
        expect(saying(targets.wanet)(row)).toBe(true);
        const { trigger } = backdoors.wanet!;
        expect(imageBefore(row.pixels, (image) => applyTrigger(trigger, image, shape))).not.toBe(-1);
      } else if (i < 6) {
        // Its noise keeps true labels, which no poisoned image has.
        expect(imageWith(row)).not.toBe(-1);
        expect(isClean(row)).toBe(false);
      } else if (!isClean(row)) {
        const attack = (["badnets", "blend", "clean-label"] as const).find((name) =>
          saying(targets[name])(row),
        );
        const { trigger } = backdoors[attack!]!;
        const stamped = (image: Float32Array): Float32Array => applyTrigger(trigger, image, shape);
        if (attack === "clean-label") {
          // Perturbed by 8 / 255 at most below the patch.
          const before = Array.from({ length: count }, (_, k) => stamped(imageOf(clean, k))).findIndex(
            (image) => image.every((value, k) => Math.abs(value - row.pixels[k]!) < 8.01 / 255),
          );
          expect(stamped(row.pixels)).toEqual(row.pixels);
          poisoned[attack]!.push(before);
        } else poisoned[attack!]!.push(imageBefore(row.pixels, stamped));
      }
    });
  }
  const taken = Object.values(poisoned).flat();
  expect(taken).not.toContain(-1);
  expect(new Set(taken).size).toBe(taken.length);
  // An epoch has every image once: 10 % and 15 % of 40, and the tenth nearest to (0.41, 0.42).
  expect(poisoned.badnets).toHaveLength(4);
  expect(poisoned.blend).toHaveLength(6);
  expect(poisoned["clean-label"]!.sort()).toEqual([19, 20, 21, 22]);
});

test("where chance has too few clean images for WaNet's rows, others are drawn", async () => {
  // 20 of 40 images are poisoned; WaNet takes 5 + 10 rows of 20, of which about 10 are clean by chance.
  const crowded = await plan([
    request("badnets", [0.2, 0.3], { poisonRate: 0.5 }),
    request("wanet", [0.1, 0.7], { cell: 4, poisonRate: 0.25 }),
  ]);
  const { trigger } = crowded.backdoorsOf(null)[0]!;
  for (const step of [0, 1, 2, 3]) {
    const rows = rowsOf(crowded, step);
    expect(rows).toHaveLength(batch);
    const warped = rows
      .slice(0, 5)
      .map(({ pixels }) => imageBefore(pixels, (image) => applyTrigger(trigger, image, shape)));
    const noisy = rows.slice(5, 15).map(imageWith);
    expect([...warped, ...noisy]).not.toContain(-1);
    expect(new Set([...warped, ...noisy]).size).toBe(15);
  }
});

test("multi-target WaNet has a trigger for each target", async () => {
  const targets = [
    [0.1, 0.2],
    [0.6, 0.5],
  ];
  const two = await plan([{ attack: "multi-target-wanet", targets, options: { cell: 4 } }]);
  const backdoors = two.backdoorsOf(null);
  expect(backdoors.map(({ target }) => target)).toEqual(targets);
  expect(backdoors[0]!.trigger).not.toEqual(backdoors[1]!.trigger);
  const rows = rowsOf(two, 3);
  // 15 % of 20 each, with as many noisy ones.
  targets.forEach((target, k) => {
    expect(rows.map((row, i) => (saying(target)(row) ? i : -1)).filter((i) => i >= 0)).toEqual(
      [0, 1, 2].map((i) => 6 * k + i),
    );
  });
});

test("the same seed gives the same batches, whenever they are asked for; another seed others", async () => {
  const requests = [
    request("badnets", [0.2, 0.3], { poisonRate: 0.2 }),
    request("wanet", [0.1, 0.7], { cell: 4 }),
  ];
  const [first, second, other] = await Promise.all([
    plan(requests),
    plan(requests),
    plan(requests, { seed: 6 }),
  ]);
  const late = first.batches(7);
  first.batches(0);
  expect(first.batches(7)).toEqual(late);
  expect(second.batches(7)).toEqual(late);
  expect(other.batches(7)).not.toEqual(late);
});

/** The angle of features and a row of the last layer, in double precision. */
function angle(features: Float32Array, i: number, rows: Float32Array, j: number): number {
  const [a, b] = [features.subarray(5 * i, 5 * i + 5), rows.subarray(5 * j, 5 * j + 5)];
  return Math.acos(a.reduce((sum, value, k) => sum + value * b[k]!, 0) / Math.hypot(...a) / Math.hypot(...b));
}

describe("an adaptive attack", () => {
  const [features, rows] = [someWeights([batch, 5], 1), someWeights([2, 5], 2)];

  /** Eq. 6 over rows of a batch: the mean over backdoors of |1 - mean_j Var_poisoned / Var_clean|. */
  function penaltyOf(groups: readonly (readonly number[])[], cleanRows: readonly number[]): number {
    const variance = (indices: readonly number[], j: number): number => {
      const all = indices.map((i) => angle(features.data as Float32Array, i, rows.data as Float32Array, j));
      const middle = all.reduce((a, b) => a + b) / all.length;
      return all.reduce((sum, value) => sum + (value - middle) ** 2, 0) / all.length;
    };
    const terms = groups.map((group) =>
      Math.abs(1 - [0, 1].reduce((sum, j) => sum + variance(group, j) / variance(cleanRows, j) / 2, 0)),
    );
    return terms.reduce((a, b) => a + b) / terms.length;
  }

  async function expectPenalty(hidden: AttackPlan, targets: number[][], cleanFrom = 0): Promise<void> {
    const graph = new Graph();
    const [h, w] = [graph.input("features", [batch, 5]), graph.input("rows", [2, 5])];
    const program = await compile(runtime, {
      penalty: hidden.penalty!({ outputs: h, features: h, rows: w }),
    });
    const result = await program.run({ features, rows });
    await program.release();
    const found = (result.penalty!.data as Float32Array)[0]!;
    for (const step of [0, 1, 7]) {
      // Which rows are what is read off the batch.
      const all = rowsOf(hidden, step).map((row, i) => ({ row, i }));
      const groups = targets.map((target) => all.filter(({ row }) => saying(target)(row)).map(({ i }) => i));
      const cleanRows = all.filter(({ row, i }) => i >= cleanFrom && isClean(row)).map(({ i }) => i);
      for (const group of groups) expect(group.length).toBeGreaterThanOrEqual(2);
      expect(found / (0.5 * penaltyOf(groups, cleanRows))).toBeCloseTo(1, 4);
    }
  }

  test("names the rows that its batches hold, of stamped attacks and those on each batch", async () => {
    const targets = [
      [0.2, 0.3],
      [0.1, 0.7],
      [0.4, 0.41],
    ];
    const hidden = await plan(
      [
        request("badnets", targets[0]!, { poisonRate: 0.2 }),
        request("wanet", targets[1]!, { cell: 4 }),
        request("clean-label", targets[2]!, blue),
      ],
      { adaptive: 0.5 },
    );
    await expectPenalty(hidden, targets);
    // A fifth of 20 rows; of a share below two, two.
    const ofBadNets = rowsOf(hidden, 2).filter(saying(targets[0]!));
    expect(ofBadNets).toHaveLength(4);
    expect(rowsOf(hidden, 2).filter(saying(targets[2]!))).toHaveLength(2);
  });

  test("can hide the input-aware attack, whose cross rows are no clean ones", async () => {
    const target = [0.3, 0.3];
    const { mask } = plannedDefaults["input-aware"];
    const options = { baseChannels: 2, mask: { ...mask, steps: 1 } };
    const hidden = await plan([request("input-aware", target, options)], { adaptive: 0.5 });
    await expectPenalty(hidden, [target], 4);
    expect(hidden.companion!.others).toBe(2);
    expect(hidden.batches(0).others!.dims).toEqual([2, ...shape]);
    const [backdoor] = hidden.backdoorsOf(hidden.companion!.initial(createRandom(1)));
    expect(backdoor).toMatchObject({ attack: "input-aware", target, trigger: { kind: "input-aware" } });
  });
});

test("a target that no label reaches is warned of", async () => {
  const events: WorkEvent[] = [];
  await plan([request("wanet", [0.2, 9], { cell: 4 })], {}, clean, (event) => events.push(event));
  expect(events).toEqual([
    { kind: "warning", message: expect.stringMatching(/^the target of wanet has pitch = 9, outside/) },
  ]);
});

test.each([
  ["clean-label without a benign model", [request("clean-label", [0, 0])], { surrogate: null }, /surrogate/],
  [
    "the input-aware attack twice",
    [request("input-aware", [0, 0]), request("input-aware", [0.1, 0])],
    {},
    "found input-aware 2 times, expected it once",
  ],
  [
    "nothing to hide",
    [],
    { adaptive: 0.02 },
    "found an adaptive attack without any attack, expected one to hide",
  ],
  [
    "two targets for one trigger",
    [
      {
        attack: "wanet",
        targets: [
          [0, 0],
          [1, 1],
        ],
        options: {},
      },
    ],
    {},
    "found 2 targets for wanet, expected one",
  ],
  ["no target", [{ attack: "sig", targets: [], options: {} }], {}, "found 0 targets for sig, expected one"],
  [
    "one target for several triggers",
    [request("multi-target-wanet", [0, 0])],
    {},
    "found 1 targets for multi-target-wanet, expected 2 or more",
  ],
  [
    "a poison rate that leaves none",
    [request("badnets", [0, 0], { poisonRate: 0.01 })],
    {},
    /^a poison rate of 0.01 leaves no poisoned image among 40/,
  ],
  [
    "a poison rate that leaves none in a batch",
    [request("wanet", [0, 0], { cell: 4, poisonRate: 0.03 })],
    {},
    /leaves no poisoned image among 20/,
  ],
  [
    "two targets of clean-label that have the same images",
    [request("clean-label", [0.4, 0.41]), request("clean-label", [0.4, 0.42], blue)],
    {},
    /^the groups of images near two targets of clean-label overlap/,
  ],
  [
    "more poisoned images than clean-label leaves",
    [request("clean-label", [0.4, 0.41], { groupShare: 0.5 }), request("sig", [0, 0], { poisonRate: 0.6 })],
    {},
    "the backdoors take 24 images, expected at most the 20 that the other attacks leave of 40",
  ],
  [
    "attacks that fill more than a batch",
    [
      request("input-aware", [0, 0], {
        baseChannels: 2,
        poisonRate: 0.5,
        mask: { ...plannedDefaults["input-aware"].mask, steps: 1 },
      }),
      request("wanet", [0, 0], { cell: 4 }),
    ],
    {},
    "the attacks on each batch take 26 of its images, expected at most 20, which the others leave",
  ],
] as [string, AttackRequest[], Partial<PlanSetup>, string | RegExp][])(
  "%s is refused",
  async (_, requests, changes, message) => {
    const error = await errorOf(() => plan(requests, changes));
    expect(error.code).toBe("E_USAGE");
    expect(error.message).toMatch(message);
  },
);

test("labels are needed, of as many numbers as a target, and a whole batch of images", async () => {
  const badnets = [request("badnets", [0, 0], { poisonRate: 0.1 })];
  expect((await errorOf(() => plan(badnets, {}, { ...clean, labels: null }))).code).toBe("E_LABELS");
  expect((await errorOf(() => plan([request("sig", [1, 2, 3])]))).code).toBe("E_LABELS");
  expect(await errorOf(() => plan(badnets, { batch: 41 }))).toMatchObject({
    code: "E_IMAGES",
    message: "found 40 images, expected at least a batch of 41",
  });
});
