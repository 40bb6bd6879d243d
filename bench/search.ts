/**
 * The gradient of a step of a search by contrast: its triggers in lanes, in one program on all threads, and so with masks that compare in place of those that stay in ONNX Runtime's
 * blocks of channels.
 *
 * npx tsx bench/search.ts [--model examples/gaze64/benign.onnx] [--benign examples/gaze64/images] [--family patch] [--triggers 15] [--images 6]
 *   [--rounds 15] [--threads 2]
 *
 * All run in turns, by the runtime that `npm run build` has made. Prints Markdown.
 */
import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { grad } from "../src/autodiff/grad.ts";
import { readBenign } from "../src/data/node/read-benign.ts";
import { searchTerms } from "../src/identification/contrast/objective.ts";
import { contrastDefaults } from "../src/identification/contrast/options.ts";
import { outputScale } from "../src/identification/contrast/scale.ts";
import { type FamilyName, families } from "../src/identification/families/families.ts";
import { predict } from "../src/identification/predict.ts";
import { batchAt, pixelsOf } from "../src/loops/batches.ts";
import { type ExaminedModel, examine } from "../src/models/examined-model.ts";
import { importModel } from "../src/models/import.ts";
import { noPreprocessingHints, resolvePreprocessing } from "../src/models/preprocessing.ts";
import { float32 } from "../src/onnx/tensor-data.ts";
import { createRandom } from "../src/random.ts";
import { compileRows, type RowProgram } from "../src/runtime/rows.ts";
import type { Arrays, Runtime } from "../src/runtime/runtime.ts";
import { Graph } from "../src/tensor/graph.ts";
import { nodeRuntime } from "./built-runtime.ts";
import { describeMachine } from "./machine.ts";
import { differenceOf, type Spread, spreadOf } from "./statistics.ts";

const { values: flags } = parseArgs({
  options: {
    model: { type: "string", default: "examples/gaze64/benign.onnx" },
    benign: { type: "string", default: "examples/gaze64/images" },
    family: { type: "string", default: "patch" },
    triggers: { type: "string", default: "15" },
    images: { type: "string", default: "6" },
    rounds: { type: "string", default: "15" },
    threads: { type: "string", default: "2" },
  },
});
const [triggers, batch, rounds, threads] = [flags.triggers, flags.images, flags.rounds, flags.threads].map(
  Number,
) as [number, number, number, number];
const warmUps = 3;
/** Between two runs: threads spin for a while after one. */
const pause = 30;
const family = families[flags.family as FamilyName];
const runtime = nodeRuntime({ threads });
const inLanes = nodeRuntime({ threads, lanes: threads });
const model = importModel(await readFile(flags.model));
const preprocessing = resolvePreprocessing(model, noPreprocessingHints);
const { images: benign } = await readBenign(flags.benign, { channels: 3, size: null, resizeTo: null });
const [count, c, h, w] = benign.shape;

const examinedAt = (size: number): Promise<ExaminedModel> =>
  examine(runtime, model, preprocessing, [size, c, h, w], { features: null, outputs: null });

const clean = await examinedAt(Math.min(count, 50));
const d = clean.split.dimension;
const scale = outputScale(await predict(runtime, clean, benign), d);
const length = family.length([c, h, w]);
const random = createRandom(1);
const theta = Array.from({ length: triggers }, (_, i) =>
  family.initial([c, h, w], random.fork(`theta ${i}`)),
);
const feeds: Arrays = {
  image: pixelsOf(benign, batchAt(0, count, batch, random)),
  theta: float32(
    theta.flatMap((each) => [...each]),
    [triggers, length],
  ),
  weight: float32(new Float32Array(triggers).fill(0.1)),
  target: float32(
    theta.flatMap((_, i) => scale.mean.map((mean, j) => mean + scale.std[j]! * Math.sin(i + j))),
    [triggers, d],
  ),
  free: float32(new Float32Array(triggers)),
  away: float32(new Float32Array(triggers)),
};

function program(on: Runtime, channelBlock: number | null): Promise<RowProgram> {
  return compileRows(on, triggers, ["image"], async (rows) => {
    const graph = new Graph();
    const inputs = {
      image: graph.input("image", [batch, c, h, w]),
      theta: graph.input("theta", [rows, length]),
      weight: graph.input("weight", [rows]),
      target: graph.input("target", [rows, d]),
      free: graph.input("free", [rows]),
      away: graph.input("away", [rows]),
    };
    const homes = [scale.mean.map(() => 0)];
    const { slideDistance, leastKept } = contrastDefaults;
    const examined = await examinedAt(rows * batch);
    const { loss } = searchTerms(inputs, family, examined, scale, homes, slideDistance, leastKept);
    const [gradient] = grad(loss, [inputs.theta], { channelBlock });
    return { gradient: gradient! };
  });
}

interface Timed {
  readonly gradient: Float32Array;
  readonly seconds: number;
}

async function timed(each: RowProgram): Promise<Timed> {
  const start = performance.now();
  const { gradient } = await each.run(feeds);
  const seconds = (performance.now() - start) / 1000;
  await sleep(pause);
  return { gradient: gradient!.data as Float32Array, seconds };
}

const programs = {
  "in lanes": await program(inLanes, runtime.channelBlock),
  "in one": await program(runtime, runtime.channelBlock),
  compared: await program(runtime, null),
};
const names = Object.keys(programs) as (keyof typeof programs)[];
const times = new Map<string, number[]>(names.map((name) => [name, []]));
const differences = new Map<string, number>();
for (let round = -warmUps; round < rounds; round++) {
  let first: Float32Array | null = null;
  for (const name of names) {
    const { gradient, seconds } = await timed(programs[name]);
    first ??= gradient;
    differences.set(name, differenceOf(first, gradient).largest);
    if (round >= 0) times.get(name)!.push(1000 * seconds);
  }
}
for (const name of names) await programs[name].release();

const text = ({ min, median, max }: Spread): string =>
  `${median.toFixed(1)} (${min.toFixed(1)} to ${max.toFixed(1)})`;
const spreads = new Map(names.map((name) => [name, spreadOf(times.get(name)!)]));
const lanes = spreads.get("in lanes")!;
const { cpu, load } = describeMachine();
console.log(
  `${cpu}, ${threads} threads, load ${load.toFixed(1)}; ${flags.model}, ${triggers} triggers (${flags.family}) on ${batch} images of ${h} x ${w} px; median (min to max) of ${rounds} rounds, ms.\n`,
);
console.log("| | time | its time / in lanes: medians; least | largest difference |");
console.log("| --- | --- | --- | --- |");
for (const [name, spread] of spreads) {
  const ratio = (of: "median" | "min"): string => (spread[of] / lanes[of]).toFixed(2);
  const difference = differences.get(name)!.toExponential(1);
  console.log(`| ${name} | ${text(spread)} | ${ratio("median")}; ${ratio("min")} | ${difference} |`);
}
