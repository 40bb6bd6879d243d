import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { readNpz } from "../../src/data/npz.ts";
import { float32 } from "../../src/onnx/tensor-data.ts";
import { adamStep } from "../../src/optim/adam.ts";
import { compile } from "../../src/runtime/compile.ts";
import { nodeRuntime } from "../../src/runtime/node.ts";
import { Graph } from "../../src/tensor/graph.ts";

/** Made by tools/make-method-references.py with PyTorch's Adam in double precision, at rate 0.01. */
const reference = await readNpz(readFileSync(new URL("../references/adam.npz", import.meta.url)), null);
const [steps, size] = reference.get("gradients")!.dims as [number, number];
const row = (name: string, k: number): Float32Array =>
  (reference.get(name)!.data as Float32Array).subarray(k * size, (k + 1) * size);

test.each(["a number", "a tensor"])("every step is PyTorch's, with the rate as %s", async (kind) => {
  const graph = new Graph();
  const [parameter, m, v, gradient] = ["parameter", "m", "v", "gradient"].map((name) =>
    graph.input(name, [size]),
  );
  const rate = kind === "a number" ? 0.01 : graph.input("rate", []);
  const slot = { parameter: parameter!, m: m!, v: v! };
  const program = await compile(nodeRuntime(), {
    ...adamStep(slot, gradient!, graph.input("step", []), rate),
  });
  let state = {
    parameter: reference.get("start")!,
    m: float32(new Float32Array(size)),
    v: float32(new Float32Array(size)),
  };
  try {
    for (let k = 0; k < steps; k++) {
      const feeds = {
        gradient: float32(row("gradients", k)),
        step: float32([k + 1], []),
        rate: float32([0.01], []),
      };
      state = (await program.run({ ...state, ...feeds })) as typeof state;
      const expected = row("path", k);
      (state.parameter.data as Float32Array).forEach((value, i) => {
        // Parameters move by 0.01 a step: a wrong constant shows far above this.
        expect(Math.abs(value - expected[i]!)).toBeLessThan(2e-6);
      });
    }
  } finally {
    await program.release();
  }
});
