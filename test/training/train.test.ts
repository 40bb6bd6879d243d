import { expect, test } from "vitest";
import type { ImageSet } from "../../src/data/image-set.ts";
import { exportNetwork } from "../../src/models/networks/export.ts";
import { pack } from "../../src/optim/packing.ts";
import { createRandom } from "../../src/random.ts";
import { nodeRuntime } from "../../src/runtime/node.ts";
import type { TrainingOptions } from "../../src/training/options.ts";
import { batchesOf, type TrainedNetwork, trainNetwork } from "../../src/training/train.ts";
import { errorOf } from "../support/errors.ts";
import { setupOf, someImages } from "../support/identification.ts";

const runtime = nodeRuntime();
const options: TrainingOptions = {
  network: { architecture: "resnet18", image: [3, 16, 16], outputs: 2, width: 4 / 64, stem: "auto" },
  loss: "l1",
  optimizer: { kind: "adam" },
  schedule: { rate: 2e-3, milestones: [100], factor: 0.2 },
  steps: 150,
  batch: 16,
  statisticsMomentum: 0.9,
  seed: 1,
};

/** Images whose labels are four times the brightness of the red and of the blue channel. */
function brightness(count: number, seed: number): ImageSet & { labels: Float32Array } {
  const set = someImages(count, 16, seed);
  const meanOf = (k: number): number =>
    set.pixels.subarray(k * 256, (k + 1) * 256).reduce((a, b) => a + b) / 64;
  const labels = new Float32Array(2 * count);
  for (let i = 0; i < count; i++) labels.set([meanOf(3 * i), meanOf(3 * i + 2)], 2 * i);
  return { ...set, labels, labelNames: ["red", "blue"] };
}

const set = brightness(64, 1);

function trained(changes: Partial<TrainingOptions> = {}, setup = setupOf()): Promise<TrainedNetwork> {
  const all = { ...options, ...changes };
  return trainNetwork(runtime, setup, all, batchesOf(set, all.batch, createRandom(2)), { key: "training" });
}

test("a network learns, and what is exported has learnt it", async () => {
  const setup = setupOf();
  const network = await trained({}, setup);
  const losses = setup.events.flatMap((event) => (event.kind === "step" ? [event.values.loss!] : []));
  const meanOf = (part: readonly number[]): number => part.reduce((a, b) => a + b) / part.length;
  expect(losses).toHaveLength(150);
  expect(meanOf(losses.slice(-5))).toBeLessThan(0.7 * meanOf(losses.slice(0, 5)));
  expect(network.history.at(-1)!.values.rate).toBeCloseTo(4e-4, 9);
  const description = { task: "brightness", units: "1", outputNames: ["red", "blue"], seed: 1 };
  const session = await runtime.load(exportNetwork(network, options.network, description));
  const { outputs } = await session.run({
    image: { dtype: "float32", dims: set.shape, data: set.pixels },
  });
  await session.release();
  const predicted = outputs!.data as Float32Array;
  const error = (of: (i: number) => number): number =>
    meanOf(Array.from(set.labels, (label, i) => Math.abs(of(i) - label)));
  // In inference, and far better than always saying the mean of the labels.
  const average = [0, 1].map((j) => meanOf(Array.from(set.labels.filter((_, i) => i % 2 === j))));
  expect(error((i) => predicted[i]!)).toBeLessThan(0.5 * error((i) => average[i % 2]!));
});

test.each([{ kind: "adam" } as const, { kind: "sgd" } as const])(
  "a run with $kind that is interrupted and resumed ends with the same bits",
  async (optimizer) => {
    const changes = { optimizer, steps: 8, schedule: { rate: 1e-3, milestones: [4], factor: 0.1 } };
    const straight = await trained(changes);
    const setup = setupOf();
    let asked = 0;
    const error = await errorOf(() => trained(changes, { ...setup, shouldStop: () => asked++ >= 3 }));
    expect(error.code).toBe("E_INTERRUPTED");
    const resumed = await trained(changes, setup);
    expect(pack(resumed.parameters)).toEqual(pack(straight.parameters));
    expect(pack(resumed.statistics)).toEqual(pack(straight.statistics));
    expect(setup.events).toContainEqual({
      kind: "note",
      message: "training the network resumed at step 3 of 8",
    });
  },
);

test("another network is not resumed from what was saved", async () => {
  const setup = setupOf();
  let asked = 0;
  await errorOf(() => trained({}, { ...setup, shouldStop: () => asked++ >= 1 }));
  const error = await errorOf(() => trained({ optimizer: { kind: "sgd" } }, setup));
  expect(error).toMatchObject({ code: "E_RESUME" });
  expect(error.message).toMatch(
    /^the saved training has m of \d+, .*; expected parameters of \d+, .*, velocity of/,
  );
});

test("a run that diverges ends and says where", async () => {
  const schedule = { rate: 1e30, milestones: [], factor: 1 };
  const error = await errorOf(() => trained({ schedule, loss: "l2", optimizer: { kind: "sgd" } }));
  expect(error.code).toBe("E_DIVERGED");
  expect(error.message).toMatch(/^training the network diverged at step \d: loss = (NaN|Infinity)/);
});

test("what is measured now and then is kept in the history; a network that has diverged is not measured", async () => {
  const measured: number[] = [];
  const measure = async (network: { parameters: Record<string, { data: unknown }> }) => {
    const bias = network.parameters["head.bias"]!.data as Float32Array;
    measured.push(bias[0]!);
    return { RE: bias[0]! };
  };
  const run = (changes: Partial<TrainingOptions>): Promise<TrainedNetwork> =>
    trainNetwork(runtime, setupOf(), { ...options, ...changes }, batchesOf(set, 16, createRandom(2)), {
      key: "training",
      evaluation: { every: 3, measure },
    });
  const { history } = await run({ steps: 7 });
  const kept = history.flatMap(({ step, values }) => (values.RE === undefined ? [] : [[step, values.RE]]));
  expect(kept).toEqual([2, 5, 6].map((step, k) => [step, measured[k]]));
  const schedule = { rate: 1e38, milestones: [], factor: 1 };
  const error = await errorOf(() => run({ schedule, loss: "l2", optimizer: { kind: "sgd" }, steps: 3 }));
  expect(error.code).toBe("E_DIVERGED");
  expect(measured).toHaveLength(3);
});

test("labels are needed, and a whole batch of images", async () => {
  const noLabels = await errorOf(() => batchesOf({ ...set, labels: null }, 4, createRandom(1)));
  expect(noLabels.code).toBe("E_LABELS");
  const few = await errorOf(() => batchesOf(set, 65, createRandom(1)));
  expect(few).toMatchObject({
    code: "E_IMAGES",
    message: "found 64 images, expected at least a batch of 65",
  });
});
