/**
 * A step of training (forward, backward, Adam) beside PyTorch, in turns.
 *
 * npx tsx bench/training.ts [--rounds 20] [--threads 2] [--python /usr/bin/python3] [--profile FOLDER]
 *
 * Prints Markdown. ResNet-18 of width 0.25 on 64 px images in batches of 48, with each stem. Both start from random weights of
 * their own; only the time is compared, the gradients are held by test/models/networks/network.test.ts. With --profile
 * it prints where our time goes.
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { float32 } from "../src/onnx/tensor-data.ts";
import { createRandom } from "../src/random.ts";
import { compile } from "../src/runtime/compile.ts";
import { nodeRuntime } from "../src/runtime/node.ts";
import type { Arrays } from "../src/runtime/runtime.ts";
import type { TrainingOptions } from "../src/training/options.ts";
import { newTrainingState, trainingFeeds, trainingStep } from "../src/training/step.ts";
import { describeMachine } from "./machine.ts";
import { timeByOperator } from "./profile.ts";
import { startReference } from "./reference.ts";
import { inTurns, turnCells } from "./turns.ts";

const { values: flags } = parseArgs({
  options: {
    rounds: { type: "string", default: "20" },
    threads: { type: "string", default: "2" },
    python: { type: "string", default: "/usr/bin/python3" },
    stems: { type: "string", default: "large,medium" },
    profile: { type: "string" },
  },
});
const [size, batch, width, warmUp] = [64, 48, 0.25, 3];
const threads = Number(flags.threads);
const stems = flags.stems.split(",") as ("small" | "medium" | "large")[];

function optionsOf(stem: (typeof stems)[number]): TrainingOptions {
  return {
    network: { architecture: "resnet18", image: [3, size, size], outputs: 2, width, stem },
    loss: "l1",
    optimizer: { kind: "adam" },
    schedule: { rate: 1e-3, milestones: [], factor: 1 },
    steps: 1,
    batch,
    statisticsMomentum: 0.99,
    seed: 0,
  };
}

function feedsOf(options: TrainingOptions): Arrays {
  const random = createRandom(0);
  const draw = (length: number): Float32Array => Float32Array.from({ length }, () => random.uniform());
  return {
    image: float32(draw(batch * 3 * size * size), [batch, 3, size, size]),
    labels: float32(draw(batch * 2), [batch, 2]),
    ...trainingFeeds(newTrainingState(options, random), 0, options),
  };
}

async function ours(options: TrainingOptions): Promise<() => Promise<number>> {
  const program = await compile(nodeRuntime({ threads }), trainingStep(options));
  const feeds = feedsOf(options);
  return async () => {
    const start = performance.now();
    await program.run(feeds);
    return performance.now() - start;
  };
}

async function printProfile(folder: string): Promise<void> {
  for (const stem of stems) {
    const options = optionsOf(stem);
    const times = await timeByOperator(
      trainingStep(options),
      feedsOf(options),
      threads,
      join(folder, `step-${stem}`),
    );
    console.log(`\n${stem} stem:`);
    for (const { op, seconds, calls } of times.slice(0, 12)) {
      console.log(`  ${op.padEnd(24)} ${(1000 * seconds).toFixed(1).padStart(7)} ms  ${calls} calls`);
    }
  }
}

async function compare(): Promise<void> {
  const reference = startReference(flags.python, threads);
  try {
    const { cpu, load } = describeMachine();
    console.log(
      `${cpu}, ${threads} threads, load ${load.toFixed(1)}; width ${width}, ${size} px, batch ${batch}; median (min to max) of ${flags.rounds} rounds, ms.\n`,
    );
    console.log("| stem | DRMGuard | PyTorch | PyTorch / ours |\n| --- | --- | --- | --- |");
    for (const stem of stems) {
      await reference.ask({ do: "make training", name: stem, width, stem, size, batch });
      const step = await ours(optionsOf(stem));
      const turns = await inTurns(step, reference, { do: "train", name: stem }, Number(flags.rounds), warmUp);
      console.log(`| ${stem} | ${turnCells(turns, 1)} |`);
    }
  } finally {
    reference.close();
  }
}

if (flags.profile === undefined) await compare();
else await printProfile(flags.profile);
