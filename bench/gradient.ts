/**
 * Loss and input gradient of Eq. 5, ours and PyTorch's side by side.
 *
 * npx tsx bench/gradient.ts [--rounds 20] [--threads 2] [--python /usr/bin/python3] [--folded] [--out FILE.json]
 *
 * Each round runs ours, then PyTorch, so that whatever else the machine does meets both. Prints Markdown.
 */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { compile } from "../src/runtime/compile.ts";
import { nodeRuntime } from "../src/runtime/node.ts";
import { type Case, cases, lambdasOf, objectiveGraph, readFloats } from "./cases.ts";
import { describeMachine } from "./machine.ts";
import { matmulPeak } from "./peak.ts";
import { type OperatorTime, timeByOperator } from "./profile.ts";
import { type Reference, startReference } from "./reference.ts";
import { type Difference, differenceOf, type Spread, spreadOf } from "./statistics.ts";

const { values: flags } = parseArgs({
  options: {
    rounds: { type: "string", default: "20" },
    threads: { type: "string", default: "2" },
    python: { type: "string", default: "/usr/bin/python3" },
    /** Also measures PyTorch with batch norm folded by hand. */
    folded: { type: "boolean", default: false },
    out: { type: "string" },
  },
});
const rounds = Number(flags.rounds);
const threads = Number(flags.threads);
const warmUps = 3;
/** Both runtimes' threads spin for a while after a run; they must not disturb the other's. */
const pause = 30;

interface CaseResult {
  readonly case: Case;
  readonly ours: Spread;
  readonly torch: Readonly<Record<string, Spread>>;
  /** Seconds of PyTorch over seconds of ours: of the medians, and of each round's pair. */
  readonly ratio: { readonly ofMedians: number; readonly ofRounds: Spread };
  readonly lossError: number;
  /** Of the gradient without that of the L1 term, which is +-1/N whatever the model is. */
  readonly gradientError: {
    readonly oursToTorch: Difference;
    readonly oursToExact: Difference;
    readonly torchToExact: Difference;
  };
  readonly gflop: number;
  readonly operators: readonly OperatorTime[];
}

async function measure(reference: Reference, each: Case, folder: string): Promise<CaseResult> {
  const runtime = nodeRuntime({ threads });
  const { name, width, size, batch } = each;
  const variants = flags.folded ? ["eager", "folded"] : ["eager"];
  const settings = { width, size, batch, seed: 1, variants, ...lambdasOf(each) };
  await reference.ask({ do: "make", name, folder, case: settings });
  const { outputs, feeds, flops } = await objectiveGraph(runtime, each, folder);
  const program = await compile(runtime, outputs);

  const gradientPath = join(folder, "gradient.f32");
  const ask = async (request: Readonly<Record<string, unknown>>): Promise<[number, Float32Array]> => {
    const { loss } = await reference.ask<{ loss: number }>({ ...request, name, gradient: gradientPath });
    return [loss, withoutL1(await readFloats(gradientPath), feeds, batch)];
  };
  const [expectedLoss, ofTorch] = await ask({ do: "step", variant: "eager" });
  const [, exact] = await ask({ do: "exact" });
  const found = await program.run(feeds);
  const loss = (found.loss!.data as Float32Array)[0]!;
  const ofOurs = withoutL1(found.gradient!.data as Float32Array, feeds, batch);

  const ours: number[] = [];
  const torch: Record<string, number[]> = Object.fromEntries(variants.map((variant) => [variant, []]));
  for (let round = -warmUps; round < rounds; round++) {
    await sleep(pause);
    const start = performance.now();
    await program.run(feeds);
    const seconds = (performance.now() - start) / 1000;
    if (round >= 0) ours.push(seconds);
    for (const variant of variants) {
      await sleep(pause);
      const reply = await reference.ask<{ seconds: number }>({ do: "step", name, variant });
      if (round >= 0) torch[variant]!.push(reply.seconds);
    }
  }
  await program.release();
  const eager = torch.eager!;
  return {
    case: each,
    ours: spreadOf(ours),
    torch: Object.fromEntries(Object.entries(torch).map(([variant, list]) => [variant, spreadOf(list)])),
    ratio: {
      ofMedians: spreadOf(eager).median / spreadOf(ours).median,
      ofRounds: spreadOf(eager.map((seconds, i) => seconds / ours[i]!)),
    },
    lossError: Math.abs(loss / expectedLoss - 1),
    gradientError: {
      oursToTorch: differenceOf(ofOurs, ofTorch),
      oursToExact: differenceOf(ofOurs, exact),
      torchToExact: differenceOf(ofTorch, exact),
    },
    gflop: flops / 1e9,
    operators: await timeByOperator(outputs, feeds, threads, join(folder, "profile")),
  };
}

/** A gradient without that of (1/N) sum |x' - x|. */
function withoutL1(
  gradient: Float32Array,
  feeds: Readonly<Record<string, { data: unknown }>>,
  batch: number,
): Float32Array {
  const clean = feeds.clean!.data as Float32Array;
  const reversed = feeds.reversed!.data as Float32Array;
  return gradient.map((value, i) => value - Math.sign(reversed[i]! - clean[i]!) / batch);
}

const ms = (seconds: number): string => (1000 * seconds).toFixed(1);
const differenceText = ({ median, largest }: Difference): string =>
  `${median.toExponential(1)} (${largest.toExponential(1)})`;
const spreadText = ({ min, median, max }: Spread): string => `${ms(median)} (${ms(min)} to ${ms(max)})`;

function report(result: CaseResult, peak: number): string {
  const { ours, torch, ratio, gflop, operators, lossError, gradientError } = result;
  const speed = (spread: Spread): string => {
    const rate = gflop / spread.median;
    return `${rate.toFixed(0)} | ${((100 * rate) / peak).toFixed(0)} %`;
  };
  const total = operators.reduce((sum, { seconds }) => sum + seconds, 0);
  const shown = operators.filter(({ seconds }) => seconds > 0.005 * total);
  const { ofRounds } = ratio;
  return [
    `## ${result.case.name}`,
    "",
    "| | ms: median (min to max) | GFLOP/s | of the peak |",
    "| --- | --- | --- | --- |",
    `| DRMGuard | ${spreadText(ours)} | ${speed(ours)} |`,
    ...Object.entries(torch).map(
      ([variant, spread]) => `| PyTorch, ${variant} | ${spreadText(spread)} | ${speed(spread)} |`,
    ),
    "",
    `PyTorch's time over ours: **${ratio.ofMedians.toFixed(2)}** of the medians, ` +
      `${ofRounds.median.toFixed(2)} (${ofRounds.min.toFixed(2)} to ${ofRounds.max.toFixed(2)}) of ${ofRounds.rounds} rounds; ` +
      `goal ${result.case.goal}. ${gflop.toFixed(1)} GFLOP a step.`,
    "",
    `Agreement: loss to ${lossError.toExponential(1)}. Gradient without its L1 part, as median (largest) difference over ` +
      `the largest element: ours to PyTorch ${differenceText(gradientError.oursToTorch)}, ours to PyTorch in double ` +
      `precision ${differenceText(gradientError.oursToExact)}, PyTorch to that ${differenceText(gradientError.torchToExact)}.`,
    "",
    "| operator | nodes | ms | share |",
    "| --- | --- | --- | --- |",
    ...shown.map(
      ({ op, calls, seconds }) =>
        `| ${op} | ${calls} | ${ms(seconds)} | ${((100 * seconds) / total).toFixed(0)} % |`,
    ),
    "",
  ].join("\n");
}

const machine = describeMachine();
const folder = await mkdtemp(join(tmpdir(), "drmguard-bench-"));
const reference = startReference(flags.python, threads);
try {
  const about = await reference.ask<Record<string, unknown>>({ do: "about" });
  const runtime = nodeRuntime({ threads });
  const peak = await matmulPeak(runtime);
  const torchPeak = await reference.ask<{ matmul: number; convolution: number }>({ do: "peak" });
  console.log("# Loss and input gradient of Eq. 5\n");
  console.log(
    `${machine.cpu}, ${machine.cores} cores, load ${machine.load.toFixed(2)} at the start; Node ${machine.node}, ` +
      `${runtime.name}; PyTorch ${about.torch}; ${threads} threads each; ${rounds} rounds after ${warmUps} to warm up.\n`,
  );
  console.log(
    `Matrix multiply peak: ONNX Runtime ${peak.toFixed(0)} GFLOP/s (taken as the peak), PyTorch ${torchPeak.matmul.toFixed(0)}; ` +
      `PyTorch's 3 x 3 convolution ${torchPeak.convolution.toFixed(0)}.\n`,
  );
  const results: CaseResult[] = [];
  for (const each of cases) {
    const result = await measure(reference, each, folder);
    results.push(result);
    console.log(report(result, peak));
  }
  const all = { machine, about, runtime: runtime.name, threads, peak, torchPeak, results };
  if (flags.out !== undefined) await writeFile(flags.out, `${JSON.stringify(all, null, 2)}\n`);
} finally {
  reference.close();
  await rm(folder, { recursive: true });
}
