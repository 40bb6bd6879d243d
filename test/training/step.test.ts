import { describe, expect, test } from "vitest";
import type { TensorData } from "../../src/onnx/tensor-data.ts";
import { pack } from "../../src/optim/packing.ts";
import { compile } from "../../src/runtime/compile.ts";
import { nodeRuntime } from "../../src/runtime/node.ts";
import { regressionLossKinds } from "../../src/training/losses.ts";
import type { TrainingOptions } from "../../src/training/options.ts";
import { networkOf, stateLengths, trainingFeeds, trainingStep } from "../../src/training/step.ts";
import { networkReference, referenceNetworks } from "../support/network-references.ts";
import { relativeError } from "../support/references.ts";

const [network] = referenceNetworks as [(typeof referenceNetworks)[0]];
const reference = await networkReference(network);
const options: TrainingOptions = {
  network,
  loss: "l1",
  optimizer: { kind: "sgd", momentum: 0.9, weightDecay: 0 },
  schedule: { rate: 0.5, milestones: [], factor: 1 },
  steps: 1,
  batch: reference.arrays.x!.dims[0]!,
  statisticsMomentum: 0.75,
  seed: 0,
};
const data = (value: TensorData): Float32Array => value.data as Float32Array;

/** PyTorch's arrays by name, packed in the order of this network's layers. */
function packed(arrays: Readonly<Record<string, TensorData>>, names: readonly string[]): Float32Array {
  return pack(Object.fromEntries(names.map((name) => [name, arrays[name]!])));
}

async function stepped(changes: Partial<TrainingOptions>, step: number) {
  const all = { ...options, ...changes };
  const empty = Object.fromEntries(
    Object.entries(stateLengths(all)).map(([name, n]) => [name, new Float32Array(n)]),
  );
  const names = networkOf(empty, all);
  const state = {
    ...empty,
    parameters: packed(reference.parameters, Object.keys(names.parameters)),
    statistics: packed(reference.statistics, Object.keys(names.statistics)),
  };
  const program = await compile(nodeRuntime(), trainingStep(all));
  const results = await program.run({
    image: reference.arrays.x!,
    labels: reference.arrays.y!,
    ...trainingFeeds(state, step, all),
  });
  await program.release();
  const vectors = { parameters: data(results.parameters!), statistics: data(results.statistics!) };
  return { loss: data(results.loss!)[0]!, results, next: networkOf(vectors, all) };
}

describe("one step of training", () => {
  test.each(regressionLossKinds)("has PyTorch's %s loss", async (loss) => {
    const expected = data(reference.arrays[loss === "l1" ? "loss" : "squares"]!)[0]!;
    expect((await stepped({ loss }, 0)).loss / expected).toBeCloseTo(1, 4);
  });

  test("cross-entropy is what its formula says of PyTorch's outputs", async () => {
    const [outputs, labels] = [data(reference.arrays.outputs!), data(reference.arrays.y!)];
    const rows = outputs.length / 2;
    const terms = Array.from({ length: rows }, (_, i) => {
      const [a, b] = [outputs[2 * i]!, outputs[2 * i + 1]!];
      const total = Math.exp(a) + Math.exp(b);
      return (
        labels[2 * i]! * Math.log(Math.exp(a) / total) + labels[2 * i + 1]! * Math.log(Math.exp(b) / total)
      );
    });
    const expected = -terms.reduce((sum, term) => sum + term, 0) / rows;
    expect((await stepped({ loss: "cross-entropy" }, 0)).loss).toBeCloseTo(expected, 4);
  });

  test("moves every parameter against PyTorch's gradient, at the rate", async () => {
    const { next, results } = await stepped({}, 0);
    expect(Object.keys(results).sort()).toEqual(["loss", "parameters", "statistics", "velocity"]);
    for (const [name, gradient] of Object.entries(reference.gradients)) {
      const before = data(reference.parameters[name]!);
      const moved = data(next.parameters[name]!).map((value, i) => (before[i]! - value) / 0.5);
      expect(relativeError(data(gradient), moved), name).toBeLessThan(1e-3);
    }
  });

  test.each([
    [0, 0],
    [1, 0.5],
    [9, 0.75],
  ])("at step %i running statistics keep %f of the past", async (step, keep) => {
    const { next } = await stepped({}, step);
    for (const [name, ofBatch] of Object.entries(reference.batchStatistics)) {
      const past = data(reference.statistics[name]!);
      const expected = data(ofBatch).map((value, i) => keep * past[i]! + (1 - keep) * value);
      expect(relativeError(expected, data(next.statistics[name]!)), name).toBeLessThan(1e-4);
    }
  });
});
