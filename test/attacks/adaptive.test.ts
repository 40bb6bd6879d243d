import { expect, test } from "vitest";
import { conePenalty } from "../../src/attacks/adaptive.ts";
import { attackDefaults } from "../../src/attacks/options.ts";
import { type Backdoor, poisonedBatches, rowsOfBatch } from "../../src/attacks/poison.ts";
import { makeTrigger } from "../../src/attacks/trigger.ts";
import { createRandom } from "../../src/random.ts";
import { compile } from "../../src/runtime/compile.ts";
import { nodeRuntime } from "../../src/runtime/node.ts";
import { Graph } from "../../src/tensor/graph.ts";
import type { TrainingOptions } from "../../src/training/options.ts";
import { batchesOf, trainNetwork } from "../../src/training/train.ts";
import { errorOf } from "../support/errors.ts";
import { setupOf, someImages, someWeights } from "../support/identification.ts";

const shape = [3, 16, 16] as const;
const backdoor = (changes: Partial<Backdoor> = {}): Backdoor => ({
  ...attackDefaults.wanet,
  trigger: makeTrigger("wanet", { cell: 4 }, shape, createRandom(4)),
  target: [0.2, 0.3],
  ...changes,
});

test("the penalty is Eq. 6's: poisoned rows first, noisy ones left out, clean ones last", async () => {
  const [features, rows] = [someWeights([20, 5], 1), someWeights([2, 5], 2)];
  const graph = new Graph();
  const [h, w] = [graph.input("features", [20, 5]), graph.input("rows", [2, 5])];
  // 20 images: 3 poisoned, 6 noisy, 11 clean.
  const ofBatch = rowsOfBatch([backdoor({ poisonRate: 0.15 })], 20);
  const penalty = conePenalty(ofBatch, 0.5)({ outputs: h, features: h, rows: w });
  const program = await compile(nodeRuntime(), { penalty });
  const result = await program.run({ features, rows });
  await program.release();
  const angle = (i: number, j: number): number => {
    const [a, b] = [
      (features.data as Float32Array).subarray(5 * i, 5 * i + 5),
      (rows.data as Float32Array).subarray(5 * j, 5 * j + 5),
    ];
    return Math.acos(
      a.reduce((sum, value, k) => sum + value * b[k]!, 0) / Math.hypot(...a) / Math.hypot(...b),
    );
  };
  const spread = (start: number, end: number, j: number): number => {
    const all = Array.from({ length: end - start }, (_, i) => angle(start + i, j));
    const middle = all.reduce((a, b) => a + b) / all.length;
    return all.reduce((sum, value) => sum + (value - middle) ** 2, 0) / all.length;
  };
  const ratio = [0, 1].reduce((sum, j) => sum + spread(0, 3, j) / spread(9, 20, j), 0) / 2;
  expect((result.penalty!.data as Float32Array)[0]! / (0.5 * Math.abs(1 - ratio))).toBeCloseTo(1, 4);
});

test("a training that minimises it brings the spread of poisoned features nearer to that of clean ones", async () => {
  const labels = Float32Array.from({ length: 128 }, (_, i) => Math.sin(i));
  const set = { ...someImages(64, 16), labels, labelNames: ["a", "b"] };
  const options: TrainingOptions = {
    network: { architecture: "resnet18", image: shape, outputs: 2, width: 2 / 64, stem: "auto" },
    loss: "l1",
    optimizer: { kind: "adam" },
    schedule: { rate: 2e-3, milestones: [], factor: 1 },
    steps: 40,
    batch: 32,
    statisticsMomentum: 0.9,
    seed: 1,
  };
  const backdoors = [backdoor({ poisonRate: 0.25, noiseRatio: 0 })];
  const penaltiesOf = async (weight: number): Promise<number[]> => {
    const setup = setupOf();
    const batches = poisonedBatches(batchesOf(set, 32, createRandom(1)), backdoors, createRandom(2));
    const penalty = conePenalty(rowsOfBatch(backdoors, 32), weight);
    await trainNetwork(nodeRuntime(), setup, options, batches, { key: "adaptive", penalty });
    return setup.events.flatMap((event) => (event.kind === "step" ? [event.values.penalty! / weight] : []));
  };
  const late = (all: readonly number[]): number => all.slice(-20).reduce((a, b) => a + b) / 20;
  expect(late(await penaltiesOf(1))).toBeLessThan(late(await penaltiesOf(1e-6)));
});

test("a batch with one poisoned image has no variance", async () => {
  const error = await errorOf(() => conePenalty(rowsOfBatch([backdoor()], 10)));
  expect(error).toMatchObject({
    code: "E_USAGE",
    message: "found 1 images of a kind in a batch, expected 2 or more to have a variance",
  });
});
