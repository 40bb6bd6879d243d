import { expect, test } from "vitest";
import type { ImageSet } from "../../src/data/image-set.ts";
import { pack } from "../../src/optim/packing.ts";
import { createRandom } from "../../src/random.ts";
import { compile } from "../../src/runtime/compile.ts";
import { nodeRuntime } from "../../src/runtime/node.ts";
import { add, mul, square, sub } from "../../src/tensor/elementwise.ts";
import { reshape } from "../../src/tensor/movement.ts";
import { mean } from "../../src/tensor/reduction.ts";
import type { Companion } from "../../src/training/companion.ts";
import type { TrainingOptions } from "../../src/training/options.ts";
import { newTrainingState, trainingFeeds, trainingStep } from "../../src/training/step.ts";
import {
  type BatchSource,
  batchesOf,
  type TrainedNetwork,
  type TrainingRun,
  trainNetwork,
} from "../../src/training/train.ts";
import { slopeRatio } from "../support/directional.ts";
import { errorOf } from "../support/errors.ts";
import { setupOf, someImages } from "../support/identification.ts";

const runtime = nodeRuntime({ threads: 1 });
const options: TrainingOptions = {
  network: { architecture: "resnet18", image: [3, 16, 16], outputs: 2, width: 2 / 64, stem: "auto" },
  loss: "l2",
  optimizer: { kind: "sgd", momentum: 0, weightDecay: 0 },
  schedule: { rate: 0.05, milestones: [], factor: 1 },
  steps: 8,
  batch: 6,
  statisticsMomentum: 0.9,
  seed: 1,
};
const labels = Float32Array.from({ length: 24 }, (_, i) => Math.sin(i));
const set: ImageSet = { ...someImages(12, 16), labels, labelNames: ["a", "b"] };
const batches = batchesOf(set, 6, createRandom(2));

/** Adds a colour and a fifth of the mean of other images to every image, and wants the colour to be (0.1, 0.1, 0.1). */
const colour: Companion = {
  lengths: { "colour.parameters": 3, "colour.steps": 1 },
  initial: (random) => ({
    "colour.parameters": Float32Array.from({ length: 3 }, () => random.uniform() / 10),
    "colour.steps": new Float32Array(1),
  }),
  others: 2,
  rateAt: (step, steps) => 0.5 / (1 + step / steps),
  write({ image, others, state, rate }) {
    const parameters = state["colour.parameters"]!;
    const shift = add(
      reshape(parameters, [1, 3, 1, 1]),
      mul(mean(others!, { axes: [0], keepDims: true }), 0.2),
    );
    return {
      image: add(image, shift),
      loss: mean(square(sub(parameters, 0.1))),
      parameters,
      next: (gradient) => ({
        "colour.parameters": sub(parameters, mul(gradient, rate)),
        "colour.steps": add(state["colour.steps"]!, 1),
      }),
    };
  },
};
const withOthers: BatchSource = (step) => {
  const data = set.pixels.slice(0, 2 * 768).map((value) => value / (step + 1));
  return { ...batches(step), others: { dtype: "float32", dims: [2, 3, 16, 16], data } };
};

function trained(
  run: Partial<TrainingRun> = {},
  setup = setupOf(),
  source = withOthers,
): Promise<TrainedNetwork> {
  return trainNetwork(runtime, setup, options, source, { key: "training", companion: colour, ...run });
}

test("one step moves network and companion against the gradient of both losses and the penalty", async () => {
  const program = await compile(
    runtime,
    trainingStep(options, ({ outputs }) => mean(square(outputs)), colour),
  );
  const state = newTrainingState(options, createRandom(3), colour);
  const feeds = { ...withOthers(0), ...trainingFeeds(state, 2, options, colour) };
  const results = await program.run(feeds);
  const rates = { parameters: 0.05, "colour.parameters": 0.5 / (1 + 2 / 8) };
  for (const [name, rate] of Object.entries(rates)) {
    const after = results[name]!.data as Float32Array;
    const gradient = state[name]!.map((value, i) => (value - after[i]!) / rate);
    const terms = ["loss", "penalty", "companion"];
    expect(await slopeRatio(program, feeds, terms, name, gradient, 3e-5), name).toBeCloseTo(1, 1);
  }
  await program.release();
});

test("its state comes out of the training, and its loss is among the values of a step", async () => {
  const network = await trained();
  expect(network.companion!["colour.steps"]).toEqual(Float32Array.of(8));
  expect(Object.keys(network.companion!)).toEqual(Object.keys(colour.lengths));
  expect(Object.keys(network.history[0]!.values)).toEqual(["loss", "companion", "rate"]);
  expect((await trained({ companion: null })).companion).toBeNull();
});

test("a run that is interrupted and resumed ends with the same bits, the companion's among them", async () => {
  const straight = await trained();
  const setup = setupOf();
  let asked = 0;
  const error = await errorOf(() => trained({}, { ...setup, shouldStop: () => asked++ >= 3 }));
  expect(error.code).toBe("E_INTERRUPTED");
  const resumed = await trained({}, setup);
  expect(pack(resumed.parameters)).toEqual(pack(straight.parameters));
  expect(pack(resumed.statistics)).toEqual(pack(straight.statistics));
  expect(resumed.companion).toEqual(straight.companion);
});

test("what was saved without it is not resumed with it", async () => {
  const setup = setupOf();
  let asked = 0;
  await errorOf(() => trained({ companion: null }, { ...setup, shouldStop: () => asked++ >= 1 }));
  const error = await errorOf(() => trained({}, setup));
  expect(error.code).toBe("E_RESUME");
  expect(error.message).toMatch(/expected colour.parameters of 3, colour.steps of 1, parameters of/);
});

test("a batch without the images that it wants is refused", async () => {
  const error = await errorOf(() => trained({}, setupOf(), batches));
  expect(error).toMatchObject({
    code: "E_SHAPE",
    message: "program input others got nothing, expected float32 [2, 3, 16, 16]",
  });
});
