import { expect, test } from "vitest";
import {
  type CleanLabelOptions,
  cleanLabelDefaults,
  poisonCleanLabel,
} from "../../src/attacks/clean-label.ts";
import { perturb, pgdDefaults, type Surrogate } from "../../src/attacks/pgd.ts";
import { applyTrigger, makeTrigger } from "../../src/attacks/trigger.ts";
import { type ImageSet, imageOf } from "../../src/data/image-set.ts";
import { frozenNetwork } from "../../src/models/networks/frozen.ts";
import { float32 } from "../../src/onnx/tensor-data.ts";
import { createRandom } from "../../src/random.ts";
import { compile } from "../../src/runtime/compile.ts";
import { nodeRuntime } from "../../src/runtime/node.ts";
import { Graph } from "../../src/tensor/graph.ts";
import { matmul } from "../../src/tensor/linalg.ts";
import { reshape } from "../../src/tensor/movement.ts";
import { errorOf } from "../support/errors.ts";
import { someImages, someWeights } from "../support/identification.ts";
import { networkReference, referenceNetworks } from "../support/network-references.ts";

const runtime = nodeRuntime();
const shape = [3, 16, 16] as const;
const size = 3 * 16 * 16;
const labels = Float32Array.from({ length: 40 }, (_, i) => Math.floor(i / 2) / 10);
const clean: ImageSet = { ...someImages(20, 16), labels, labelNames: ["a", "b"] };
const weights = someWeights([size, 1], 3);
/** f(x) = (w x, 0): its gradient is known. */
const linear: Surrogate = (image) => {
  const both = new Float32Array(2 * size);
  (weights.data as Float32Array).forEach((w, i) => {
    both[2 * i] = w;
  });
  return matmul(
    reshape(image, [image.shape[0]!, size]),
    image.graph.constant(float32(both, [size, 2]), "weights"),
  );
};
const trigger = makeTrigger("badnets", {}, shape, createRandom(1));

test("against a linear model the ascent ends at the corner of the cube that its weights point to", async () => {
  const rows = [4, 9, 0];
  const found = await perturb(runtime, linear, clean, rows, 2);
  const w = weights.data as Float32Array;
  rows.forEach((row, k) => {
    const image = imageOf(clean, row);
    const output = image.reduce((total, value, i) => total + value * w[i]!, 0);
    const away = Math.sign(output - labels[2 * row]!);
    image.forEach((value, i) => {
      const corner = value + (8 / 255) * away * Math.sign(w[i]!);
      expect(Math.abs(found[k * size + i]! - Math.min(1, Math.max(0, corner)))).toBeLessThan(1e-6);
    });
  });
});

test("a trained network is a surrogate: the ascent raises its error", async () => {
  const [options] = referenceNetworks as [(typeof referenceNetworks)[0]];
  const arrays = await networkReference(options);
  const surrogate: Surrogate = (image) => frozenNetwork(image, arrays, options).outputs;
  const rows = [0, 5];
  const image = new Graph().input("image", [2, ...shape]);
  const program = await compile(runtime, { outputs: surrogate(image) });
  const errorsOf = async (pixels: Float32Array): Promise<number[]> => {
    const results = await program.run({ image: float32(pixels, [2, ...shape]) });
    const outputs = results.outputs!.data as Float32Array;
    return rows.map((row, i) =>
      [0, 1].reduce((sum, j) => sum + Math.abs(outputs[2 * i + j]! - labels[2 * row + j]!), 0),
    );
  };
  const before = await errorsOf(Float32Array.from(rows.flatMap((row) => [...imageOf(clean, row)])));
  const after = await errorsOf(
    await perturb(runtime, surrogate, clean, rows, 2, { ...pgdDefaults, steps: 10 }),
  );
  await program.release();
  for (const i of [0, 1]) expect(after[i]!).toBeGreaterThan(before[i]!);
});

test("one step moves no value further than a step", async () => {
  const found = await perturb(runtime, linear, clean, [0], 1, { ...pgdDefaults, steps: 1 });
  const furthest = found.reduce((most, value, i) => Math.max(most, Math.abs(value - clean.pixels[i]!)), 0);
  expect(furthest).toBeCloseTo(1.5 / 255, 6);
});

function poisoned(changes: Partial<CleanLabelOptions>, target = [1, 1]) {
  const options = { ...cleanLabelDefaults, batch: 3, ...changes };
  const attack = { trigger, target, surrogate: linear };
  return poisonCleanLabel(runtime, clean, attack, options, createRandom(2), () => {});
}

test.each([
  [{ delta: 0.3 }, [8, 9, 10, 11, 12]],
  [{ groupShare: 0.15 }, [9, 10, 11]],
])("with %o the group is %o: all with trigger and target, half of it perturbed", async (changes, group) => {
  const result = await poisoned(changes);
  expect(result.poisoned).toEqual([group]);
  let perturbed = 0;
  for (let i = 0; i < 20; i++) {
    const image = imageOf(result.set, i);
    const own = result.set.labels!.subarray(2 * i, 2 * i + 2);
    if (!group.includes(i)) {
      expect(image).toEqual(imageOf(clean, i));
      expect(own).toEqual(labels.subarray(2 * i, 2 * i + 2));
      continue;
    }
    expect([...own]).toEqual([1, 1]);
    // The trigger is on top: putting it on again changes nothing.
    expect(applyTrigger(trigger, image, shape)).toEqual(image);
    const unperturbed = applyTrigger(trigger, imageOf(clean, i), shape);
    if (!image.every((value, k) => value === unperturbed[k])) perturbed++;
  }
  expect(perturbed).toBe(Math.round(group.length / 2));
});

test("a group without images is refused, and a target of another length", async () => {
  expect(await errorOf(() => poisoned({ delta: 0.1 }, [1, 5]))).toMatchObject({
    code: "E_USAGE",
    message: expect.stringMatching(
      /^no label is within 0.1 of the target, expected some: the nearest is 3.2\d away$/,
    ),
  });
  expect(await errorOf(() => poisoned({ groupShare: 0.01 }))).toMatchObject({
    code: "E_USAGE",
    message: "a share of 0.01 leaves no poisoned image among 20",
  });
  expect((await errorOf(() => poisoned({}, [1]))).code).toBe("E_LABELS");
});

test("a surrogate that is made for one batch is never given another", async () => {
  const batches: number[] = [];
  const strict: Surrogate = (image) => {
    batches.push(image.shape[0]!);
    return linear(image);
  };
  const options = { ...cleanLabelDefaults, groupShare: 0.2, batch: 8 };
  const attack = { trigger, target: [1, 1], surrogate: strict };
  const { poisoned: groups } = await poisonCleanLabel(
    runtime,
    clean,
    attack,
    options,
    createRandom(2),
    () => {},
  );
  // Two of four images are perturbed, which is less than a batch.
  expect(groups[0]).toHaveLength(4);
  expect(batches).toEqual([8]);
});
