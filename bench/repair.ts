/**
 * A step of a repair (forward, backward to all weights of an imported file, Adam) beside the same fine-tuning step in PyTorch, in turns.
 *
 * npx tsx bench/repair.ts [--rounds 15] [--threads 2] [--python /usr/bin/python3]
 *
 * Prints Markdown. PyTorch makes the networks and exports them; both train from the same weights with batch norm in inference, which
 * the exporter folds into convolutions. Only the time is compared; rules of gradients are held by test/numeric.
 */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { fineTuningStep } from "../src/mitigation/fine-tuning.ts";
import { trainableWeights } from "../src/mitigation/trainable-weights.ts";
import { examine } from "../src/models/examined-model.ts";
import { importModel } from "../src/models/import.ts";
import { defaultPreprocessing } from "../src/models/preprocessing.ts";
import { readModel } from "../src/onnx/proto.ts";
import { float32 } from "../src/onnx/tensor-data.ts";
import { createRandom } from "../src/random.ts";
import { compile } from "../src/runtime/compile.ts";
import { nodeRuntime } from "../src/runtime/node.ts";
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

async function ours(path: string, { size, batch }: (typeof cases)[number]): Promise<() => Promise<number>> {
  const bytes = await readFile(path);
  const shape = [batch, 3, size, size] as const;
  const runtime = nodeRuntime({ threads });
  const at = { features: null, outputs: null };
  const examined = await examine(runtime, importModel(bytes), defaultPreprocessing, shape, at);
  const weights = trainableWeights(readModel(bytes), examined.instance);
  const random = createRandom(0);
  const draw = (length: number): Float32Array => Float32Array.from({ length }, () => random.uniform());
  const [pixels, labels] = [draw(batch * 3 * size * size), draw(batch * 2)];
  const program = await compile(runtime, fineTuningStep(examined, weights, shape.slice(1), null));
  const n = weights.values.length;
  const feeds = {
    image: float32(pixels, shape),
    labels: float32(labels, [batch, 2]),
    weights: float32(weights.values, [n]),
    m: float32(new Float32Array(n), [n]),
    v: float32(new Float32Array(n), [n]),
    step: float32([1], []),
    rate: float32([3e-4], []),
  };
  return async () => {
    const start = performance.now();
    await program.run(feeds);
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
  console.log("| case | DRMGuard | PyTorch | PyTorch / ours | goal |\n| --- | --- | --- | --- | --- |");
  for (const [i, each] of cases.entries()) {
    const path = join(folder, `${i}.onnx`);
    const { name, width, size, batch, goal } = each;
    await reference.ask({ do: "make repair", name, width, size, batch, path });
    const step = await ours(path, each);
    const turns = await inTurns(step, reference, { do: "train", name }, Number(flags.rounds), warmUp);
    console.log(`| ${name} | ${turnCells(turns, 1)} | ${goal} |`);
  }
} finally {
  reference.close();
  await rm(folder, { recursive: true });
}
