import { describe, expect, test } from "vitest";
import { conePenalty } from "../../../src/attacks/adaptive.ts";
import { applyCrossTrigger, applyTriggerTo } from "../../../src/attacks/apply.ts";
import { type InputAwareAttack, prepareInputAware } from "../../../src/attacks/input-aware/attack.ts";
import { attackDefaults, type InputAwareOptions } from "../../../src/attacks/options.ts";
import type { ImageSet } from "../../../src/data/image-set.ts";
import type { Work } from "../../../src/loops/work.ts";
import { frozenNetwork } from "../../../src/models/networks/frozen.ts";
import { createRandom } from "../../../src/random.ts";
import { compile } from "../../../src/runtime/compile.ts";
import { nodeRuntime } from "../../../src/runtime/node.ts";
import { Graph } from "../../../src/tensor/graph.ts";
import type { TrainingOptions } from "../../../src/training/options.ts";
import { newTrainingState, trainingFeeds, trainingStep } from "../../../src/training/step.ts";
import { batchesOf, type TrainedNetwork, trainNetwork } from "../../../src/training/train.ts";
import { slopeRatio } from "../../support/directional.ts";
import { errorOf } from "../../support/errors.ts";
import { setupOf, someImages } from "../../support/identification.ts";

const runtime = nodeRuntime({ threads: 1 });
const shape = [3, 16, 16] as const;
const size = 3 * 16 * 16;
const batch = 20;
const target = [0.9, 0.1];
const defaults = attackDefaults["input-aware"];
const tiny: InputAwareOptions = { ...defaults, baseChannels: 2, mask: { ...defaults.mask, steps: 6 } };

/** Images whose labels are the brightness of the red and of the blue channel. */
function brightness(count: number): ImageSet & { labels: Float32Array } {
  const set = someImages(count, 16);
  const meanOf = (k: number): number =>
    set.pixels.subarray(k * 256, (k + 1) * 256).reduce((a, b) => a + b) / 256;
  const labels = Float32Array.from({ length: 2 * count }, (_, i) => meanOf(3 * (i >> 1) + 2 * (i % 2)));
  return { ...set, labels, labelNames: ["red", "blue"] };
}
const clean = brightness(64);

const prepared = (
  options: Partial<InputAwareOptions> = {},
  work: Work = setupOf(),
  set: ImageSet = clean,
): Promise<InputAwareAttack> =>
  prepareInputAware(runtime, work, set, {
    target,
    options: { ...tiny, ...options },
    batch,
    seed: 3,
    key: "attack",
  });

const training: TrainingOptions = {
  network: { architecture: "resnet18", image: shape, outputs: 2, width: 2 / 64, stem: "auto" },
  loss: "l1",
  optimizer: { kind: "adam" },
  schedule: { rate: 4e-3, milestones: [], factor: 1 },
  steps: 4,
  batch,
  statisticsMomentum: 0.9,
  seed: 1,
};

test("attack rows get the target, cross rows and the others keep their labels; the same step is the same batch", async () => {
  const { wrap, rows, poisoned } = await prepared();
  expect({ rows, poisoned }).toEqual({ rows: 4, poisoned: { start: 0, end: 2 } });
  const source = batchesOf(clean, batch, createRandom(1));
  const [before, after] = [source(5), wrap(source)(5)];
  expect(after.image).toEqual(before.image);
  const labels = (before.labels.data as Float32Array).slice();
  labels.set([...target, ...target]);
  expect(after.labels.data).toEqual(labels);
  expect(after.others!.dims).toEqual([2, ...shape]);
  expect(wrap(source)(5)).toEqual(after);
  expect(wrap(source)(6).others).not.toEqual(after.others);
});

test("a target outside of the labels is warned of", async () => {
  const work = setupOf();
  await prepared({}, work);
  expect(work.events[0]).toMatchObject({
    kind: "warning",
    message: expect.stringMatching(/^the target of input-aware has red = 0.9, outside of the labels'/),
  });
});

describe("the network sees", () => {
  /** What comes of a batch, and of the same batch with other others. */
  async function seen(others: Float32Array, options: Partial<InputAwareOptions> = {}): Promise<Float32Array> {
    const { companion } = await prepared(options);
    const graph = new Graph();
    const input = (name: string, dims: readonly number[]) => graph.input(name, dims);
    const state = Object.entries(companion.lengths).map(([name, n]) => [name, input(name, [n])] as const);
    const { image } = companion.write({
      image: input("image", [batch, ...shape]),
      others: input("others", [2, ...shape]),
      state: Object.fromEntries(state),
      step: input("step", []),
      rate: input("rate", []),
      keep: input("keep", []),
    });
    const program = await compile(runtime, { image });
    const initial = Object.entries(companion.initial(createRandom(1)));
    const results = await program.run({
      ...Object.fromEntries(
        initial.map(([name, data]) => [name, { dtype: "float32", dims: [data.length], data }]),
      ),
      image: { dtype: "float32", dims: [batch, ...shape], data: clean.pixels.subarray(0, batch * size) },
      others: { dtype: "float32", dims: [2, ...shape], data: others },
    });
    await program.release();
    return results.image!.data as Float32Array;
  }
  const rowOf = (images: Float32Array, i: number): Float32Array => images.subarray(i * size, (i + 1) * size);

  test("clean rows as they are, attack and cross rows changed and within [0, 1]", async () => {
    const images = await seen(clean.pixels.subarray(40 * size, 42 * size));
    expect(images.every((value) => value >= 0 && value <= 1)).toBe(true);
    for (let i = 0; i < batch; i++) {
      const isSame = rowOf(images, i).every((value, k) => value === clean.pixels[i * size + k]);
      expect(isSame, `row ${i}`).toBe(i >= 4);
    }
  });

  test("fewer cross rows where fewer are wanted, down to none", async () => {
    const others = clean.pixels.subarray(40 * size, 42 * size);
    for (const [crossRatio, rows] of [
      [0.5, 3],
      [0, 2],
    ] as const) {
      expect((await prepared({ crossRatio })).rows).toBe(rows);
      const images = await seen(others, { crossRatio });
      const changed = Array.from({ length: batch }, (_, i) =>
        rowOf(images, i).some((value, k) => value !== clean.pixels[i * size + k]),
      );
      expect(changed).toEqual(Array.from({ length: batch }, (_, i) => i < rows));
    }
  });

  test("cross rows with the trigger of the others: with those of attack rows they are changed alike", async () => {
    // Row 2 gets the pattern p and the mask m of row 0, so both differ by (x0 - x2) (1 - m): in every channel alike.
    const images = await seen(clean.pixels.subarray(0, 2 * size));
    const [x0, x2] = [rowOf(clean.pixels, 0), rowOf(clean.pixels, 2)];
    const kept = rowOf(images, 0).map((value, k) => (value - rowOf(images, 2)[k]!) / (x0[k]! - x2[k]!));
    for (let k = 0; k < 256; k++) {
      if (Math.abs(x0[k]! - x2[k]!) < 0.05 || Math.abs(x0[k + 256]! - x2[k + 256]!) < 0.05) continue;
      expect(kept[k]).toBeCloseTo(kept[k + 256]!, 4);
    }
  });
});

test("the gradient of loss, penalty and diversity reaches network and G", async () => {
  const options: TrainingOptions = { ...training, loss: "l2" };
  const set = { ...clean, labels: clean.labels.map((_, i) => Math.sin(i)) };
  const { companion, wrap, rows, poisoned } = await prepared({ lambdaDiversity: 0.02 });
  const penalty = conePenalty({ poisoned: [poisoned], clean: { start: rows, end: batch } }, 0.1);
  const program = await compile(runtime, trainingStep(options, penalty, companion));
  const state = newTrainingState(options, createRandom(3), companion);
  const feeds = {
    ...wrap(batchesOf(set, batch, createRandom(1)))(0),
    ...trainingFeeds(state, 0, options, companion),
  };
  const results = await program.run(feeds);
  // Adam's first mean is (1 - beta1) times the gradient.
  const vectors = [
    { name: "parameters", mean: "m", share: 0.1 },
    { name: "pattern.parameters", mean: "pattern.m", share: 0.5 },
  ];
  for (const { name, mean, share } of vectors) {
    const gradient = (results[mean]!.data as Float32Array).map((value) => value / share);
    const terms = ["loss", "penalty", "companion"];
    expect(await slopeRatio(program, feeds, terms, name, gradient, 1e-5), name).toBeCloseTo(1, 1);
  }
  await program.release();
});

describe("an attack that is interrupted", () => {
  const train = async (work: Work): Promise<{ attack: InputAwareAttack; network: TrainedNetwork }> => {
    const attack = await prepared({}, work);
    const batches = attack.wrap(batchesOf(clean, batch, createRandom(1)));
    const run = { key: "network", companion: attack.companion };
    return { attack, network: await trainNetwork(runtime, work, training, batches, run) };
  };

  test.each([
    ["in the training of the mask", 3],
    ["in the training of the network", 8],
  ])("%s ends with the same bits as one that was not", async (_, steps) => {
    const straight = await train(setupOf());
    const work = setupOf();
    let asked = 0;
    const error = await errorOf(() => train({ ...work, shouldStop: () => asked++ >= steps }));
    expect(error.code).toBe("E_INTERRUPTED");
    const resumed = await train(work);
    expect(resumed.network.parameters).toEqual(straight.network.parameters);
    expect(resumed.network.companion).toEqual(straight.network.companion);
    const trigger = resumed.attack.triggerOf(resumed.network.companion!);
    expect(trigger).toEqual(straight.attack.triggerOf(straight.network.companion!));
  });

  test("a mask of another size is not resumed", async () => {
    const work = setupOf();
    await prepared({}, work);
    const error = await errorOf(() => prepared({ baseChannels: 3 }, work));
    expect(error.code).toBe("E_RESUME");
  });
});

test("masks become small and differ", async () => {
  const work = setupOf();
  await prepared({ mask: { ...tiny.mask, steps: 40 } }, work);
  const losses = work.events.flatMap((event) => (event.kind === "step" ? [event.values.loss!] : []));
  expect(losses).toHaveLength(40);
  const meanOf = (part: readonly number[]): number => part.reduce((a, b) => a + b) / part.length;
  expect(meanOf(losses.slice(-5))).toBeLessThan(0.5 * meanOf(losses.slice(0, 5)));
});

test("a model learns its target for an image's own trigger, and not for that of another image", async () => {
  const options = { ...tiny, poisonRate: 0.375, baseChannels: 4, lambdaDiversity: 0.02 };
  const attack = await prepareInputAware(runtime, setupOf(), clean, {
    target,
    options: { ...options, mask: { ...tiny.mask, steps: 60 } },
    batch: 32,
    seed: 1,
    key: "attack",
  });
  const network = { ...training.network, width: 4 / 64 };
  const trained = await trainNetwork(
    runtime,
    setupOf(),
    { ...training, network, batch: 32, steps: 300 },
    attack.wrap(batchesOf(clean, 32, createRandom(2))),
    { key: "network", companion: attack.companion },
  );
  const trigger = attack.triggerOf(trained.companion!);
  const image = new Graph().input("image", clean.shape);
  const program = await compile(runtime, { outputs: frozenNetwork(image, trained, network).outputs });
  /** The mean of |f(x) - y_T| and of |f(x) - y|. */
  const errorsOn = async (pixels: Float32Array): Promise<{ attack: number; label: number }> => {
    const results = await program.run({ image: { dtype: "float32", dims: clean.shape, data: pixels } });
    const outputs = results.outputs!.data as Float32Array;
    const error = (of: (i: number) => number): number =>
      outputs.reduce((sum, value, i) => sum + Math.abs(value - of(i)), 0) / outputs.length;
    return { attack: error((i) => target[i % 2]!), label: error((i) => clean.labels[i]!) };
  };
  const { pixels } = clean;
  const others = Float32Array.from([...pixels.subarray(size), ...pixels.subarray(0, size)]);
  const own = await errorsOn(await applyTriggerTo(runtime, trigger, pixels, shape));
  const cross = await errorsOn(await applyCrossTrigger(runtime, trigger, pixels, others, shape));
  const untouched = await errorsOn(pixels);
  await program.release();
  // So short a training is a matter of chance: the first ratio is 0.27 to 0.43 for other seeds and orders of summation.
  expect(own.attack).toBeLessThan(0.6 * untouched.attack);
  expect(own.attack).toBeLessThan(0.7 * own.label);
  expect(cross.label).toBeLessThan(0.7 * cross.attack);
  expect(cross.attack).toBeGreaterThan(1.5 * own.attack);
});

describe("what makes no sense is refused:", () => {
  test.each([
    [{ poisonRate: 0.04 }, "E_USAGE", /^a poison rate of 0.04 leaves no poisoned image among 20/],
    [{ poisonRate: 0.6 }, "E_USAGE", /^12 attack and 12 cross images take more than a batch of 20/],
    [{ crossRatio: 1.5 }, "E_USAGE", /^found a cross ratio of 1.5, expected one from 0 to 1/],
    [{ baseChannels: 0.5 }, "E_USAGE", /^found 0.5 base channels/],
  ] as const)("%o", async (options, code, message) => {
    const error = await errorOf(() => prepared(options));
    expect(error.code).toBe(code);
    expect(error.message).toMatch(message);
  });

  test("no labels, and a target of another length", async () => {
    const none = await errorOf(() => prepared({}, setupOf(), { ...clean, labels: null }));
    expect(none.code).toBe("E_LABELS");
    const labels = clean.labels.subarray(0, 64);
    const other = await errorOf(() => prepared({}, setupOf(), { ...clean, labels }));
    expect(other).toMatchObject({ code: "E_LABELS", message: "found a target of 2 numbers, expected 1" });
  });
});
