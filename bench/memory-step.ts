/**
 * Steps of the paper's search on random images, alone in a process, to see what they take.
 *
 * npx tsx bench/memory-step.ts '{"model": "model.onnx", "size": 224, "batch": 50, "threads": 2}'
 *
 * Prints JSON: the peak of resident memory so far, the estimate, and the time of each step.
 */
import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import type { ImageSet } from "../src/data/image-set.ts";
import type { IdentificationSetup } from "../src/identification/identification.ts";
import { estimateStepBytes } from "../src/identification/paper/batch-size.ts";
import { paperPresets } from "../src/identification/paper/options.ts";
import { searchTrigger } from "../src/identification/paper/search.ts";
import type { CheckpointStore } from "../src/loops/work.ts";
import { examine } from "../src/models/examined-model.ts";
import { importModel } from "../src/models/import.ts";
import { defaultPreprocessing } from "../src/models/preprocessing.ts";
import { generatorDefaults } from "../src/models/trigger-generator.ts";
import { createRandom } from "../src/random.ts";
import { nodeRuntime } from "../src/runtime/node.ts";
import { newGeneratorState } from "../src/training/generator-state.ts";

/** What the parent asks for. */
export interface StepRequest {
  readonly model: string;
  readonly size: number;
  readonly batch: number;
  readonly threads: number;
  readonly steps: number;
}

/** What the child prints. */
export interface StepReply {
  readonly peakBytes: number;
  readonly estimate: number;
  readonly seconds: readonly number[];
}

const request = JSON.parse(process.argv[2]!) as StepRequest;
const { size, batch, threads, steps } = request;
const runtime = nodeRuntime({ threads });
const model = importModel(await readFile(request.model));
const split = { features: null, outputs: null };
const random = createRandom(1);
const shape = [batch, 3, size, size] as const;
const benign: ImageSet = {
  pixels: Float32Array.from({ length: batch * 3 * size * size }, () => random.uniform()),
  shape,
  labels: null,
  labelNames: [],
  names: [],
};
const checkpoints: CheckpointStore = { load: async () => null, save: async () => {} };
const times: number[] = [];
const setup: IdentificationSetup = {
  runtime,
  model,
  preprocessing: defaultPreprocessing,
  benign,
  seed: 1,
  runKey: "memory",
  dataKey: "memory",
  checkpoints,
  onEvent: ({ kind }) => {
    if (kind === "step") times.push(performance.now() / 1000);
  },
  shouldStop: () => false,
  timeBudget: null,
  memoryLimit: null,
  features: null,
  outputs: null,
};
const small = await examine(runtime, model, defaultPreprocessing, [2, 3, size, size], split);
const examined = await examine(runtime, model, defaultPreprocessing, shape, split);
const start = performance.now() / 1000;
await searchTrigger(
  setup,
  {
    examined,
    // Their values do not matter here; taking them as they are leaves the peak to the steps.
    clean: {
      outputs: Float32Array.from({ length: 2 * batch }, () => random.normal()),
      angles: Float32Array.from({ length: 2 * batch }, () => random.normal()),
      attention: new Float32Array(batch * size * size).fill(0.5),
      dimension: 2,
      angleCount: 2,
    },
    generator: generatorDefaults,
    state: newGeneratorState(generatorDefaults, random),
    unitFactor: 1,
    deadline: null,
  },
  { ...paperPresets.gaze, batch, steps },
);
const reply: StepReply = {
  peakBytes: peakResident(),
  estimate: estimateStepBytes(small.instance, generatorDefaults, size * size, batch),
  seconds: times.map((time, i) => time - (times[i - 1] ?? start)),
};
console.log(JSON.stringify(reply));

/** The high-water mark of this process's resident memory. */
function peakResident(): number {
  const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1];
  return Number(kilobytes) * 1024;
}
