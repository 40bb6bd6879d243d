/** A small setup for identification methods: images, a store in memory, a runtime that counts. */
import type { ImageSet } from "../../src/data/image-set.ts";
import type { IdentificationSetup } from "../../src/identification/identification.ts";
import type { CheckpointStore, SavedState, WorkEvent } from "../../src/loops/work.ts";
import { type ImportedModel, importModel } from "../../src/models/import.ts";
import { defaultPreprocessing } from "../../src/models/preprocessing.ts";
import { ints } from "../../src/onnx/model.ts";
import { readModel, writeModel } from "../../src/onnx/proto.ts";
import { float32, type TensorData } from "../../src/onnx/tensor-data.ts";
import { createRandom } from "../../src/random.ts";
import { nodeRuntime } from "../../src/runtime/node.ts";
import type { Arrays, Runtime } from "../../src/runtime/runtime.ts";
import { modelOf } from "./models.ts";

/** Saved states as a file would keep them: copies, and JSON as text. */
export function memoryStore(): CheckpointStore & { readonly states: Map<string, SavedState> } {
  const states = new Map<string, SavedState>();
  const copied = ({ arrays, json }: SavedState): SavedState => ({
    arrays: structuredClone(arrays),
    json: JSON.parse(JSON.stringify(json)),
  });
  return {
    states,
    load: async (key) => (states.has(key) ? copied(states.get(key)!) : null),
    save: async (key, state) => void states.set(key, copied(state)),
  };
}

/** Random images of blobs of brightness, [count, 3, side, side]. */
export function someImages(count: number, side = 8, seed = 1): ImageSet {
  const random = createRandom(seed);
  const pixels = new Float32Array(count * 3 * side * side);
  for (let k = 0; k < count * 3; k++) {
    const [x0, y0, size] = [random.uniform() * side, random.uniform() * side, 0.3 + 0.6 * random.uniform()];
    for (let y = 0; y < side; y++) {
      for (let x = 0; x < side; x++) {
        const distance = ((x - x0) ** 2 + (y - y0) ** 2) / side;
        pixels[(k * side + y) * side + x] = 0.1 + size * Math.exp(-distance);
      }
    }
  }
  const names = Array.from({ length: count }, (_, i) => `image ${i}`);
  return { pixels, shape: [count, 3, side, side], labels: null, labelNames: [], names };
}

/** Images of one gray each, [grays, 3, side, side]. */
export function evenImages(grays: readonly number[], side: number): ImageSet {
  const size = 3 * side * side;
  return {
    pixels: Float32Array.from({ length: grays.length * size }, (_, i) => grays[Math.floor(i / size)]!),
    shape: [grays.length, 3, side, side],
    labels: null,
    labelNames: [],
    names: grays.map((_, i) => `image ${i}`),
  };
}

/** Normally distributed weights. */
export function someWeights(dims: readonly number[], seed: number, scale = 0.5): TensorData {
  const random = createRandom(seed);
  const size = dims.reduce((a, b) => a * b, 1);
  return float32(
    Float32Array.from({ length: size }, () => scale * random.normal()),
    dims,
  );
}

/** A regressor of 8 x 8 px images: one convolution, a mean over pixels, a dense layer. */
export function tinyRegressor(seed = 7, outputs = 2): ImportedModel {
  return importModel(
    writeModel(
      modelOf({
        opset: 17,
        inputs: [{ name: "x", dtype: "float32", shape: ["N", 3, 8, 8] }],
        nodes: [
          ["Conv", ["x", "conv"], ["c"], { pads: ints([1, 1, 1, 1]) }],
          ["Relu", ["c"], ["r"]],
          ["GlobalAveragePool", ["r"], ["p"]],
          ["Flatten", ["p"], ["h"]],
          ["Gemm", ["h", "head", "bias"], ["y"]],
        ],
        initializers: {
          conv: someWeights([6, 3, 3, 3], seed),
          head: someWeights([6, outputs], seed + 1),
          bias: someWeights([outputs], seed + 2),
        },
      }),
    ),
  );
}

/**
 * A runtime that tells what it runs.
 *
 * @param watch called with each graph that is loaded; what it gives is called with what goes into the graph, before each run
 */
export function watchedRuntime(watch: (model: Uint8Array<ArrayBuffer>) => (feeds: Arrays) => void): Runtime {
  const inner = nodeRuntime();
  return {
    ...inner,
    async load(model, options) {
      const session = await inner.load(model, options);
      const onRun = watch(model);
      return {
        ...session,
        run(feeds) {
          onRun(feeds);
          return session.run(feeds);
        },
      };
    },
  };
}

/** A runtime that counts how often programs with some output ran. */
export function countingRuntime(): { runtime: Runtime; runsOf: (output: string) => number } {
  const runs = new Map<string, number>();
  const runtime = watchedRuntime((model) => {
    const outputs = readModel(model).graph.outputs.map(({ name }) => name);
    return () => {
      for (const name of outputs) runs.set(name, (runs.get(name) ?? 0) + 1);
    };
  });
  return { runtime, runsOf: (output) => runs.get(`result:${output}`) ?? 0 };
}

/** A setup, and the events that it got. */
export function setupOf(
  changes: Partial<IdentificationSetup> = {},
): IdentificationSetup & { readonly events: WorkEvent[] } {
  const events: WorkEvent[] = [];
  return {
    events,
    runtime: nodeRuntime(),
    model: tinyRegressor(),
    preprocessing: defaultPreprocessing,
    benign: someImages(4),
    seed: 0,
    runKey: "run",
    dataKey: "data",
    checkpoints: memoryStore(),
    onEvent: (event) => events.push(event),
    shouldStop: () => false,
    timeBudget: null,
    memoryLimit: null,
    features: null,
    outputs: null,
    ...changes,
  };
}
