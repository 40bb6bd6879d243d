import { expect, test } from "vitest";
import { grad } from "../../src/autodiff/grad.ts";
import { compile } from "../../src/runtime/compile.ts";
import { nodeRuntime } from "../../src/runtime/node.ts";
import { conv } from "../../src/tensor/convolution.ts";
import { mul } from "../../src/tensor/elementwise.ts";
import { Graph } from "../../src/tensor/graph.ts";
import { sum } from "../../src/tensor/reduction.ts";
import { smallConvolution } from "../../src/tensor/small-convolution.ts";
import { someWeights } from "../support/identification.ts";

test.each([
  [[2, 2], 3, 1, 1],
  [[2, 1], 3, 1, 1],
  [[2, 2], 3, 2, 1],
  [[3, 2], 5, 1, 2],
  [[4, 4], 3, 1, 0],
])(
  "places %j, kernel %i, stride %i, padding %i: as the convolution, and so are both gradients",
  async (places, kernel, stride, pad) => {
    const graph = new Graph();
    const x = graph.input("x", [2, 3, ...places]);
    const w = graph.input("w", [4, 3, kernel, kernel]);
    const options = { strides: [stride, stride], pads: [pad, pad, pad, pad] };
    const outputs = Object.fromEntries(
      [conv(x, w, null, options), smallConvolution(x, w, options)].flatMap((y, i) => {
        const [dx, dw] = grad(sum(mul(mul(y, y), 0.5)), [x, w]);
        return [
          [`y${i}`, y],
          [`dx${i}`, dx!],
          [`dw${i}`, dw!],
        ];
      }),
    );
    const program = await compile(nodeRuntime(), outputs);
    const found = await program.run({
      x: someWeights([2, 3, ...places], 1),
      w: someWeights([4, 3, kernel, kernel], 2),
    });
    await program.release();
    for (const name of ["y", "dx", "dw"]) {
      const [a, b] = [0, 1].map((i) => found[`${name}${i}`]!) as [
        (typeof found)[string],
        (typeof found)[string],
      ];
      expect(b.dims).toEqual(a.dims);
      for (const [i, value] of (b.data as Float32Array).entries()) {
        expect(value).toBeCloseTo(a.data[i] as number, 4);
      }
    }
  },
);
