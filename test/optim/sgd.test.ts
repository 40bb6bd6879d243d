import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { readNpz } from "../../src/data/npz.ts";
import { float32 } from "../../src/onnx/tensor-data.ts";
import { rateAt } from "../../src/optim/schedule.ts";
import { sgdStep } from "../../src/optim/sgd.ts";
import { compile } from "../../src/runtime/compile.ts";
import { nodeRuntime } from "../../src/runtime/node.ts";
import { Graph } from "../../src/tensor/graph.ts";

/** Made by tools/make-method-references.py with PyTorch's SGD and MultiStepLR in double precision. */
const reference = await readNpz(readFileSync(new URL("../references/sgd.npz", import.meta.url)), null);
const [steps, size] = reference.get("gradients")!.dims as [number, number];
const row = (name: string, k: number): Float32Array =>
  (reference.get(name)!.data as Float32Array).subarray(k * size, (k + 1) * size);
const schedule = { rate: 0.1, milestones: [6, 3], factor: 0.1 };

test("every rate is PyTorch's", () => {
  const rates = reference.get("rates")!.data as Float32Array;
  rates.forEach((rate, k) => {
    expect(rateAt(schedule, k, steps) / rate).toBeCloseTo(1, 6);
  });
  expect(rateAt({ ...schedule, milestones: [] }, 1e6, 1e6)).toBe(0.1);
});

test("every step is PyTorch's, with momentum and weight decay", async () => {
  const graph = new Graph();
  const [parameter, velocity, gradient] = ["parameter", "velocity", "gradient"].map((name) =>
    graph.input(name, [size]),
  );
  const slot = { parameter: parameter!, velocity: velocity! };
  const options = { momentum: 0.9, weightDecay: 0.05 };
  const program = await compile(nodeRuntime(), {
    ...sgdStep(slot, gradient!, graph.input("rate", []), options),
  });
  let state = { parameter: reference.get("start")!, velocity: float32(new Float32Array(size)) };
  try {
    for (let k = 0; k < steps; k++) {
      const feeds = {
        gradient: float32(row("gradients", k)),
        rate: float32([rateAt(schedule, k, steps)], []),
      };
      state = (await program.run({ ...state, ...feeds })) as typeof state;
      const expected = row("path", k);
      (state.parameter.data as Float32Array).forEach((value, i) => {
        expect(Math.abs(value - expected[i]!)).toBeLessThan(1e-6);
      });
    }
  } finally {
    await program.release();
  }
});

test("a cosine's rate rises evenly, is highest where its warm-up ends, and falls to nearly nothing", () => {
  const cosine = { rate: 0.2, warmUp: 0.1 };
  const at = (step: number): number => rateAt(cosine, step, 1000);
  expect(at(0)).toBeCloseTo(0.2 / 100, 12);
  expect(at(49)).toBeCloseTo(0.1, 12);
  expect(at(100)).toBe(0.2);
  // Half of the way down.
  expect(at(550)).toBeCloseTo(0.1, 12);
  expect(at(999)).toBeLessThan(1e-5);
});
