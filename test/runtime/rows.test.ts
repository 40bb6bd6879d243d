import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { float32 } from "../../src/onnx/tensor-data.ts";
import { nodeRuntime } from "../../src/runtime/node.ts";
import { compileRows, partsOf } from "../../src/runtime/rows.ts";
import type { Arrays, Runtime } from "../../src/runtime/runtime.ts";
import { add, mul } from "../../src/tensor/elementwise.ts";
import { Graph, type Tensor } from "../../src/tensor/graph.ts";
import { sum } from "../../src/tensor/reduction.ts";
import { errorOf } from "../support/errors.ts";
import { lanesOf } from "../support/lanes.ts";

/** Rows of three numbers: their products with what all share, and the sum of these. */
async function write(rows: number): Promise<Record<string, Tensor>> {
  const graph = new Graph();
  const [own, shared] = [graph.input("own", [rows, 3]), graph.input("shared", [3])];
  const offset = graph.input("offset", [rows]);
  const product = mul(own, shared);
  return { product, sum: add(sum(product, { axes: [1] }), offset) };
}

function feedsOf(rows: number): Arrays {
  const numbers = (count: number): number[] => Array.from({ length: count }, (_, i) => Math.sin(i + 1));
  return {
    own: float32(numbers(3 * rows), [rows, 3]),
    shared: float32([2, 3, 5]),
    offset: float32(numbers(rows).map((each) => 10 * each)),
  };
}

test("parts hold every row once, in order, and differ by one row at most", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 1, max: 12 }), (rows, lanes) => {
      const parts = partsOf(rows, lanes);
      expect(parts.length).toBe(Math.min(rows, lanes));
      expect(parts[0]!.from).toBe(0);
      expect(parts.at(-1)!.to).toBe(rows);
      parts.slice(1).forEach(({ from }, i) => {
        expect(from).toBe(parts[i]!.to);
      });
      const sizes = parts.map(({ from, to }) => to - from);
      expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
    }),
  );
});

describe.each([1, 2, 3, 8])("with %d lanes", (lanes) => {
  test.each([1, 2, 7])("a program over %d rows gives what one part gives", async (rows) => {
    const { runtime, asked, released } = lanesOf(lanes);
    const program = await compileRows(runtime, rows, ["shared"], write);
    const results = await program.run(feedsOf(rows));
    await program.release();
    const whole = await compileRows(nodeRuntime(), rows, ["shared"], write);
    expect(results).toEqual(await whole.run(feedsOf(rows)));
    await whole.release();
    expect(results.product!.dims).toEqual([rows, 3]);
    const parts = Math.min(rows, lanes);
    expect(asked).toEqual(parts === 1 ? [undefined] : Array.from({ length: parts }, (_, i) => i));
    expect(released).toEqual(asked);
  });
});

test.each([
  [6, [3]],
  [7, [4, 3]],
  [1, [1]],
])("a program over %d rows in two lanes is written for %j of them", async (rows, sizes) => {
  const wanted: number[] = [];
  const program = await compileRows(lanesOf(2).runtime, rows, ["shared"], (size) => {
    wanted.push(size);
    return write(size);
  });
  await program.release();
  expect(wanted).toEqual(sizes);
});

test("what was loaded beside a part that is refused is given back", async () => {
  const { runtime, released } = lanesOf(3, ({ lane }) => {
    if (lane === 1) throw new Error("refused");
  });
  const error = await errorOf(() => compileRows(runtime, 6, ["shared"], write));
  expect(error.message).toBe("refused");
  expect(released).toEqual([0, 2]);
});

test("a part that fails is thrown after the others have ended", async () => {
  const { runtime } = lanesOf(2);
  let ended = 0;
  const slow: Runtime = {
    ...runtime,
    async load(model, options) {
      const session = await runtime.load(model, options);
      return {
        ...session,
        async run(feeds) {
          if (options?.lane === 0) throw new Error("failed");
          await new Promise((resolve) => setTimeout(resolve, 50));
          ended++;
          return session.run(feeds);
        },
      };
    },
  };
  const program = await compileRows(slow, 4, ["shared"], write);
  const error = await errorOf(() => program.run(feedsOf(4)));
  expect(error.message).toBe("failed");
  expect(ended).toBe(1);
  await program.release();
});
