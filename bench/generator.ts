/**
 * A step of the identity pretraining of G beside PyTorch, in turns.
 *
 * npx tsx bench/generator.ts [--rounds 10] [--threads 2] [--python /usr/bin/python3]
 *
 * Prints Markdown. Both start from random weights of their own; only the time is compared, the gradient is held by
 * test/models/trigger-generator.test.ts.
 */
import { parseArgs } from "node:util";
import { float32 } from "../src/onnx/tensor-data.ts";
import { createRandom } from "../src/random.ts";
import { compile } from "../src/runtime/compile.ts";
import { nodeRuntime } from "../src/runtime/node.ts";
import { abs, sub } from "../src/tensor/elementwise.ts";
import { Graph } from "../src/tensor/graph.ts";
import { mean } from "../src/tensor/reduction.ts";
import { newGeneratorState, stateFeeds, trainGenerator } from "../src/training/generator-state.ts";
import { describeMachine } from "./machine.ts";
import { startReference } from "./reference.ts";
import { inTurns, turnCells } from "./turns.ts";

const { values: flags } = parseArgs({
  options: {
    rounds: { type: "string", default: "10" },
    threads: { type: "string", default: "2" },
    python: { type: "string", default: "/usr/bin/python3" },
  },
});
const [size, batch, warmUp] = [64, 50, 2];
const threads = Number(flags.threads);
const reference = startReference(flags.python, threads);

async function ours(channels: number): Promise<() => Promise<number>> {
  const options = { imageChannels: 3, baseChannels: channels };
  const random = createRandom(0);
  const image = new Graph().input("image", [batch, 3, size, size]);
  const trained = trainGenerator(image, options, 0.0015);
  const loss = mean(abs(sub(trained.image, image)));
  const program = await compile(nodeRuntime({ threads }), { loss, ...trained.update(loss) });
  const pixels = Float32Array.from({ length: batch * 3 * size * size }, () => random.uniform());
  const feeds = {
    image: float32(pixels, [batch, 3, size, size]),
    ...stateFeeds(newGeneratorState(options, random), 0, 0.99),
  };
  return async () => {
    const start = performance.now();
    await program.run(feeds);
    return performance.now() - start;
  };
}

try {
  const { cpu } = describeMachine();
  console.log(`${cpu}, ${threads} threads, ${size} px, batch ${batch}; median (min to max) in ms.\n`);
  console.log("| channels | DRMGuard | PyTorch | PyTorch / ours |\n| --- | --- | --- | --- |");
  for (const channels of [16, 32]) {
    const name = String(channels);
    await reference.ask({ do: "make generator", name, channels, size, batch });
    const step = await ours(channels);
    const turns = await inTurns(
      step,
      reference,
      { do: "train generator", name },
      Number(flags.rounds),
      warmUp,
    );
    console.log(`| ${channels} | ${turnCells(turns, 0)} |`);
  }
} finally {
  reference.close();
}
