/**
 * A step of a repair (forward, backward to all weights of an imported file, Adam) beside the same fine-tuning step in PyTorch, in turns.
 *
 * npm run build; npx tsx bench/repair.ts [--rounds 15] [--threads 2] [--python /usr/bin/python3]
 *
 * Prints Markdown. PyTorch makes the networks and exports them; both train from the same weights with batch norm in inference, which
 * the exporter folds into convolutions. Rows in lanes, as a repair has them, and in one program on all threads. Only the time is compared; rules of gradients are held by test/numeric.
 */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { fineTuningStep } from "../src/mitigation/fine-tuning-step.ts";
import { trainableWeights } from "../src/mitigation/trainable-weights.ts";
import { examine } from "../src/models/examined-model.ts";
import { importModel } from "../src/models/import.ts";
import { defaultPreprocessing } from "../src/models/preprocessing.ts";
import { readModel } from "../src/onnx/proto.ts";
import { float32 } from "../src/onnx/tensor-data.ts";
import { createRandom } from "../src/random.ts";
import { nodeRuntime } from "./built-runtime.ts";
import { describeMachine } from "./machine.ts";
import { startReference } from "./reference.ts";
import { inTurns, turnCells } from "./turns.ts";

const { values: flags } = parseArgs({
  options: {
    rounds: { type: "string", default: "15" },
    threads: { type: "string", default: "2" },
    python: { type: "string", default: "/usr/bin/python3" },
  },
});
const threads = Number(flags.threads);
const warmUp = 3;

const cases = [
  { name: "ResNet-18, 224 px, batch 8", width: 1, size: 224, batch: 8, goal: 1 },
  { name: "ResNet-18 of width 0.25, 64 px, batch 48", width: 0.25, size: 64, batch: 48, goal: 1.5 },
] as const;

/** A step of ours, which gives its milliseconds. */
async function ours(
  path: string,
  { size, batch }: (typeof cases)[number],
  lanes: number,
): Promise<() => Promise<number>> {
  const bytes = await readFile(path);
  const shape = [batch, 3, size, size] as const;
  const runtime = nodeRuntime({ threads, lanes });
  const at = { features: null, outputs: null };
  const model = importModel(bytes);
  const { instance } = await examine(runtime, model, defaultPreprocessing, shape, at);
  const weights = trainableWeights(readModel(bytes), instance);
  const random = createRandom(0);
  const draw = (length: number): Float32Array => Float32Array.from({ length }, () => random.uniform());
  const [pixels, labels] = [draw(batch * 3 * size * size), draw(batch * 2)];
  const clean = { pixels, shape, labels, labelNames: ["a", "b"], names: [] };
  const training = { clean, labels, triggered: [] };
  const setup = { runtime, model, weights, preprocessing: defaultPreprocessing, ...at, training };
  const step = await fineTuningStep(setup, batch, null, false);
  const zeros = new Float32Array(weights.values.length);
  const before = { weights: weights.values, m: zeros, v: zeros, average: weights.values };
  const rows = { image: float32(pixels, shape), wanted: float32(labels, [batch, 2]) };
  return async () => {
    const start = performance.now();
    await step.run(before, { ...rows, step: 1, rate: 3e-4, keep: 0 });
    return performance.now() - start;
  };
}

const folder = await mkdtemp(join(tmpdir(), "drmguard-bench-"));
const reference = startReference(flags.python, threads);
try {
  const { cpu, load } = describeMachine();
  console.log(
    `${cpu}, ${threads} threads, load ${load.toFixed(1)}; median (min to max) of ${flags.rounds} rounds, ms.\n`,
  );
  console.log(
    "| case | lanes | DRMGuard | PyTorch | PyTorch / ours | goal |\n| --- | --- | --- | --- | --- | --- |",
  );
  for (const [i, each] of cases.entries()) {
    const path = join(folder, `${i}.onnx`);
    const { name, width, size, batch, goal } = each;
    await reference.ask({ do: "make repair", name, width, size, batch, path });
    for (const lanes of new Set([threads, 1])) {
      const step = await ours(path, each, lanes);
      const turns = await inTurns(step, reference, { do: "train", name }, Number(flags.rounds), warmUp);
      console.log(`| ${name} | ${lanes} | ${turnCells(turns, 1)} | ${goal} |`);
    }
  }
} finally {
  reference.close();
  await rm(folder, { recursive: true });
}
