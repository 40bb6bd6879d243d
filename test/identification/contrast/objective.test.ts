import { describe, expect, test } from "vitest";
import { grad } from "../../../src/autodiff/grad.ts";
import { searchTerms } from "../../../src/identification/contrast/objective.ts";
import { families, familyNames } from "../../../src/identification/families/families.ts";
import { examine } from "../../../src/models/examined-model.ts";
import { defaultPreprocessing } from "../../../src/models/preprocessing.ts";
import { float32, type TensorData } from "../../../src/onnx/tensor-data.ts";
import { createRandom } from "../../../src/random.ts";
import { compile, type Program } from "../../../src/runtime/compile.ts";
import { nodeRuntime } from "../../../src/runtime/node.ts";
import { Graph } from "../../../src/tensor/graph.ts";
import { someImages, tinyRegressor } from "../../support/identification.ts";

const runtime = nodeRuntime({ threads: 1 });
const [k, batch, d] = [3, 4, 2];
const std = [0.5, 2];
const scale = {
  mean: [0.1, -0.2],
  std,
  root: [
    [1, 0.2],
    [0.2, 1],
  ],
  inverseRoot: [
    [1.2, 0.3],
    [0.3, 1.5],
  ],
  usual: null,
};
const center = [0.4, -0.3];
const images = someImages(batch);

/** The objective of a family as a program, and what goes into it. */
async function programOf(
  name: (typeof familyNames)[number],
  atBatch = k * batch,
  leastDistance = 0,
  leastKept = 0,
): Promise<{ program: Program; feeds: Record<string, TensorData> }> {
  const family = families[name];
  const n = family.length([3, 8, 8]);
  const examined = await examine(runtime, tinyRegressor(), defaultPreprocessing, [atBatch, 3, 8, 8], {
    features: null,
    outputs: null,
  });
  const graph = new Graph();
  const inputs = {
    image: graph.input("image", [batch, 3, 8, 8]),
    theta: graph.input("theta", [k, n]),
    weight: graph.input("weight", [k]),
    target: graph.input("target", [k, d]),
    free: graph.input("free", [k]),
    away: graph.input("away", [k]),
  };
  const terms = searchTerms(inputs, family, examined, scale, [[0, 0], center], leastDistance, leastKept);
  const [gradient] = grad(terms.loss, [inputs.theta]);
  const random = createRandom(4);
  // Far enough from the start that no part of the gradient is next to nothing.
  const theta = Float32Array.from({ length: k * n }, () => 0.4 * random.normal());
  return {
    program: await compile(runtime, { ...terms, gradient: gradient! }),
    feeds: {
      image: float32(images.pixels, [batch, 3, 8, 8]),
      theta: float32(theta, [k, n]),
      weight: float32([0, 0.5, 20], [k]),
      target: float32([0.3, 0.4, -1, 0.2, 0, 1], [k, d]),
      free: float32([0, 1, 0], [k]),
      away: float32([0, 1, 0], [k]),
    },
  };
}

const numbers = (results: Readonly<Record<string, TensorData>>, name: string): Float32Array =>
  results[name]!.data as Float32Array;

describe.each(familyNames)("with the family %s", (name) => {
  test("the loss rises along its gradient by as much as that says", async () => {
    const { program, feeds } = await programOf(name);
    const gradient = numbers(await program.run(feeds), "gradient");
    const norm = Math.hypot(...gradient);
    const at = feeds.theta!.data as Float32Array;
    const lossAt = async (distance: number): Promise<number> => {
      const moved = at.map((value, i) => value + (distance * gradient[i]!) / norm);
      const results = await program.run({ ...feeds, theta: float32(moved, feeds.theta!.dims) });
      return numbers(results, "loss")[0]!;
    };
    const step = 0.02;
    const slope = ((await lossAt(step)) - (await lossAt(-step))) / (2 * step);
    expect(norm).toBeGreaterThan(1e-3);
    expect(Math.abs(slope / norm - 1)).toBeLessThan(0.05);
  });

  test("triggers do not touch each other", async () => {
    const { program, feeds } = await programOf(name);
    const before = numbers(await program.run(feeds), "gradient");
    const n = before.length / k;
    const moved = (feeds.theta!.data as Float32Array).map((value, i) => (i < n ? value + 0.3 : value));
    const after = numbers(
      await program.run({ ...feeds, theta: float32(moved, feeds.theta!.dims) }),
      "gradient",
    );
    expect(after.slice(n)).toEqual(before.slice(n));
    expect(after.slice(0, n)).not.toEqual(before.slice(0, n));
  });
});

test("the error is the mean distance to the target, or to the own mean, in standard deviations", async () => {
  const { program, feeds } = await programOf("patch");
  // A mask of nothing: f(x') = f(x).
  const n = families.patch.length([3, 8, 8]);
  const theta = Float32Array.from({ length: k * n }, (_, i) => (i % n < 64 ? -100 : 0));
  const results = await program.run({ ...feeds, theta: float32(theta, [k, n]) });
  const model = await examine(runtime, tinyRegressor(), defaultPreprocessing, images.shape, {
    features: null,
    outputs: null,
  });
  const { predict } = await import("../../../src/identification/predict.ts");
  const outputs = await predict(runtime, model, images);
  const own = [0, 1].map((j) => outputs.filter((_, i) => i % d === j).reduce((a, b) => a + b, 0) / batch);
  const targets = [[0.3, 0.4], own, [0, 1]];
  targets.forEach((target, i) => {
    const off = outputs.map((value, at) => Math.abs(value - target[at % d]!) / std[at % d]!);
    expect(numbers(results, "error")[i]).toBeCloseTo(off.reduce((a, b) => a + b, 0) / off.length, 4);
    own.forEach((value, j) => {
      expect(numbers(results, "output")[i * d + j]).toBeCloseTo(value, 4);
    });
  });
});

test("a trigger that leaves less of the images' differences than it must errs by four times what is lacking", async () => {
  const [without, within] = [await programOf("patch"), await programOf("patch", k * batch, 0, 0.5)];
  // A mask of 0.8 of everything leaves 0.2 of each image, and one of 0.3 enough.
  const n = families.patch.length([3, 8, 8]);
  const masks = [0.8, 0.3, 0.8];
  const theta = Float32Array.from({ length: k * n }, (_, i) => {
    const mask = masks[Math.floor(i / n)]!;
    return i % n < 64 ? Math.log(mask / (1 - mask)) : 0;
  });
  const feeds = { ...without.feeds, theta: float32(theta, [k, n]) };
  const [before, after] = [await without.program.run(feeds), await within.program.run(feeds)];
  [1.2, 0, 1.2].forEach((lacking, i) => {
    expect(numbers(after, "error")[i]! - numbers(before, "error")[i]!).toBeCloseTo(lacking, 4);
  });
});

test("a target that is free and nearer to the mean than allowed costs what is lacking", async () => {
  const [without, within] = [await programOf("patch"), await programOf("patch", k * batch, 9)];
  const [before, after] = [await without.program.run(without.feeds), await within.program.run(within.feeds)];
  const output = numbers(after, "output").slice(d, 2 * d);
  const deviations = [0, 1].map((i) =>
    [0, 1].reduce((sum, j) => sum + (scale.inverseRoot[i]![j]! * (output[j]! - scale.mean[j]!)) / std[j]!, 0),
  );
  // Of the three triggers the second is free. It is near to the mean, and to the centre.
  const distances = [
    Math.hypot(...deviations),
    Math.hypot(...deviations.map((value, j) => value - center[j]!)),
  ];
  expect(Math.max(...distances)).toBeLessThan(8);
  const lacking = distances.reduce((total, distance) => total + 9 - distance, 0);
  expect(numbers(after, "loss")[0]! - numbers(before, "loss")[0]!).toBeCloseTo(4 * lacking, 2);
});

test("a target that is free and may come near costs nothing there", async () => {
  const { program, feeds } = await programOf("patch", k * batch, 9);
  const kept = numbers(await program.run(feeds), "loss")[0]!;
  const left = await program.run({ ...feeds, away: float32([0, 0, 0], [k]) });
  const without = await programOf("patch");
  expect(numbers(left, "loss")[0]).toBeLessThan(kept - 4);
  expect(numbers(left, "loss")[0]).toBeCloseTo(
    numbers(await without.program.run({ ...without.feeds, away: float32([0, 0, 0], [k]) }), "loss")[0]!,
    4,
  );
});

test("a model at a larger batch than there are images gives the same", async () => {
  const [usual, filled] = [await programOf("patch"), await programOf("patch", 30)];
  const [a, b] = [await usual.program.run(usual.feeds), await filled.program.run(filled.feeds)];
  for (const name of ["error", "output", "gradient"]) {
    const difference = numbers(a, name).map((value, i) => Math.abs(value - numbers(b, name)[i]!));
    expect(Math.max(...difference)).toBeLessThan(1e-5);
  }
});
