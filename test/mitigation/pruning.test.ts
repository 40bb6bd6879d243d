/** Pruning of small models, with batch norm and without. */
import { beforeAll, describe, expect, test } from "vitest";
import { channelLayers } from "../../src/mitigation/channels.ts";
import { mitigate } from "../../src/mitigation/methods.ts";
import type { MitigationSetup } from "../../src/mitigation/mitigation.ts";
import { examine } from "../../src/models/examined-model.ts";
import { importModel } from "../../src/models/import.ts";
import { defaultPreprocessing } from "../../src/models/preprocessing.ts";
import { ints } from "../../src/onnx/model.ts";
import { writeModel } from "../../src/onnx/proto.ts";
import { float32, type TensorData } from "../../src/onnx/tensor-data.ts";
import { unpack } from "../../src/optim/packing.ts";
import { range } from "../../src/tensor/shape.ts";
import { errorOf } from "../support/errors.ts";
import { memoryStore, someWeights } from "../support/identification.ts";
import { mitigationSetup, repairErrors } from "../support/mitigation.ts";
import { modelOf } from "../support/models.ts";

/** Features of the model; the last two of them are zero for all images. */
const width = 6;
const dead = 2;
const padded = { pads: ints([1, 1, 1, 1]) };

/** Two convolutions, the first with a batch norm where asked for, and a dense layer. */
function file(hasNorm: boolean): Uint8Array<ArrayBuffer> {
  const bias = float32(range(width).map((i) => (i < width - dead ? 0.2 : -50)));
  const positive = ({ data, dims }: TensorData): TensorData =>
    float32((data as Float32Array).map(Math.abs), dims);
  return writeModel(
    modelOf({
      opset: 17,
      inputs: [{ name: "x", dtype: "float32", shape: ["N", 3, 8, 8] }],
      nodes: [
        ["Conv", ["x", "first"], ["c"], padded],
        hasNorm
          ? ["BatchNormalization", ["c", "gamma", "beta", "mean", "variance"], ["n"]]
          : ["Identity", ["c"], ["n"]],
        ["Relu", ["n"], ["r"]],
        ["Conv", ["r", "second", "bias"], ["d"], padded],
        ["Relu", ["d"], ["s"]],
        ["GlobalAveragePool", ["s"], ["p"]],
        ["Flatten", ["p"], ["h"]],
        ["Gemm", ["h", "head", "shift"], ["y"], { transB: { kind: "int", value: 1 } }],
      ],
      initializers: {
        first: someWeights([4, 3, 3, 3], 1),
        ...(hasNorm
          ? {
              gamma: positive(someWeights([4], 2, 1)),
              beta: someWeights([4], 3),
              mean: someWeights([4], 4),
              variance: positive(someWeights([4], 5, 1)),
            }
          : {}),
        second: someWeights([width, 4, 3, 3], 6, 0.3),
        bias,
        head: someWeights([2, width], 7, 1),
        shift: someWeights([2], 8),
      },
    }),
  );
}

const setups = new Map<boolean, MitigationSetup>();
beforeAll(async () => {
  for (const hasNorm of [true, false]) {
    const bytes = file(hasNorm);
    setups.set(hasNorm, (await mitigationSetup(bytes, importModel(bytes), 0.3)).setup);
  }
});

function fresh(hasNorm: boolean, changes: Partial<MitigationSetup> = {}): MitigationSetup {
  return { ...setups.get(hasNorm)!, checkpoints: memoryStore(), ...changes };
}

const named = ({ weights }: MitigationSetup, values: Float32Array): Record<string, number[]> =>
  Object.fromEntries(
    Object.entries(unpack(values, weights.packing)).map(([name, { data }]) => [
      name,
      [...(data as Float32Array)],
    ]),
  );

describe("fine-pruning", () => {
  const options = { steps: 20, batch: 16, learningRate: 1e-3, evaluateEvery: 5, prunedAtOnce: 1 / width };

  test("cuts dormant features off, and they stay so", async () => {
    const setup = fresh(true);
    const found = await mitigate(setup, "fine-pruning", options);
    expect(found.measures.features).toBe(width);
    expect(found.measures.pruned).toBeGreaterThanOrEqual(dead);
    const { head } = named(setup, found.weights);
    const zeros = range(width).filter((i) => head![i] === 0 && head![width + i] === 0);
    expect(zeros).toHaveLength(found.measures.pruned!);
    expect(zeros).toEqual(expect.arrayContaining([width - 2, width - 1]));
    expect(head).not.toEqual(
      named(setup, setup.weights.values).head!.map((v, i) => (zeros.includes(i % width) ? 0 : v)),
    );
  });

  test("cuts more off where the error may rise further, but never all", async () => {
    const careful = await mitigate(fresh(false, { maxDegradation: 0 }), "fine-pruning", options);
    const careless = await mitigate(fresh(false, { maxDegradation: 1e6 }), "fine-pruning", options);
    expect(careful.measures.pruned).toBeLessThan(careless.measures.pruned!);
    expect(careless.measures.pruned).toBe(width - 1);
  });
});

describe("adversarial neuron pruning", () => {
  const options = { steps: 25, batch: 16, learningRate: 0.1 };

  test("takes scales of batch norm where there is one, and else those of convolutions", async () => {
    const layersOf = async (hasNorm: boolean) => {
      const { runtime, model, weights } = fresh(hasNorm);
      const at = { features: null, outputs: null };
      const { instance } = await examine(runtime, model, defaultPreprocessing, [4, 3, 8, 8], at);
      return channelLayers(instance, weights);
    };
    const second = { scale: "second", shift: "bias", channels: width };
    expect(await layersOf(true)).toEqual([{ scale: "gamma", shift: "beta", channels: 4 }, second]);
    expect(await layersOf(false)).toEqual([{ scale: "first", shift: null, channels: 4 }, second]);
  });

  test.each([true, false])("prunes channels within the limit, batch norm: %s", async (hasNorm) => {
    const setup = fresh(hasNorm);
    const found = await mitigate(setup, "anp", options);
    const [before, after] = [named(setup, setup.weights.values), named(setup, found.weights)];
    const size = 4 * 9;
    const pruned = range(width).filter((c) =>
      after.second!.slice(c * size, (c + 1) * size).every((v) => v === 0),
    );
    const scale = hasNorm
      ? after.gamma!
      : range(4).map((c) => Math.hypot(...after.first!.slice(c * 27, (c + 1) * 27)));
    expect(pruned.length + scale.filter((v) => v === 0).length).toBe(found.measures.pruned);
    expect(found.measures.channels).toBe(4 + width);
    // What is not pruned stays as it is.
    for (const name of ["bias", "head", "shift"]) expect(after[name]).toEqual(before[name]);
    const errorOf = async (values: Float32Array) =>
      (await repairErrors(setup, values, { ...setup.validation, triggered: [] })).clean;
    expect(await errorOf(found.weights)).toBeLessThanOrEqual(1.1 * (await errorOf(setup.weights.values)));
  });

  test("prunes more where the error may rise further; what was interrupted ends the same", async () => {
    const long = { ...options, steps: 60, epsilon: 0.4 };
    const whole = await mitigate(fresh(true, { maxDegradation: 1e6 }), "anp", long);
    expect(whole.measures.pruned).toBeGreaterThan(0);
    const checkpoints = memoryStore();
    let asked = 0;
    const stopping = fresh(true, { checkpoints, maxDegradation: 1e6, shouldStop: () => ++asked === 20 });
    expect((await errorOf(() => mitigate(stopping, "anp", long))).code).toBe("E_INTERRUPTED");
    const resumed = await mitigate(fresh(true, { checkpoints, maxDegradation: 1e6 }), "anp", long);
    expect(resumed).toEqual(whole);
  });
});
