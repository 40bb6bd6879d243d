/** The fastest that this machine multiplies matrices, measured with the same runtime and threads. */
import { float32 } from "../src/onnx/tensor-data.ts";
import { compile } from "../src/runtime/compile.ts";
import type { Runtime } from "../src/runtime/runtime.ts";
import { Graph } from "../src/tensor/graph.ts";
import { matmul } from "../src/tensor/linalg.ts";
import { sum } from "../src/tensor/reduction.ts";

/**
 * GFLOP/s of the best of several products of square matrices.
 *
 * @param n rows of each
 * @param rounds how many times
 */
export async function matmulPeak(runtime: Runtime, n = 2048, rounds = 12): Promise<number> {
  const graph = new Graph();
  const a = graph.input("a", [n, n]);
  const b = graph.input("b", [n, n]);
  // The sum keeps the time to hand out the result out of the measurement; it is small beside n^3.
  const program = await compile(runtime, { total: sum(matmul(a, b)) });
  const matrix = float32(new Float32Array(n * n).fill(0.5), [n, n]);
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < rounds; round++) {
    const start = performance.now();
    await program.run({ a: matrix, b: matrix });
    best = Math.min(best, (performance.now() - start) / 1000);
  }
  await program.release();
  return (2 * n ** 3) / best / 1e9;
}
