/**
 * Peak memory of a step of the paper's search beside its estimate.
 *
 * npx tsx bench/memory.ts [--only resnet18/224/50] [--threads 2] [--python /usr/bin/python3] [--out FILE.json]
 *
 * Each measurement is a process of its own (Linux only: it reads VmHWM). Prints Markdown.
 */
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs, promisify } from "node:util";
import { describeMachine } from "./machine.ts";
import type { StepReply, StepRequest } from "./memory-step.ts";
import { startReference } from "./reference.ts";

const { values: flags } = parseArgs({
  options: {
    only: { type: "string", default: "" },
    steps: { type: "string", default: "2" },
    threads: { type: "string", default: "2" },
    python: { type: "string", default: "/usr/bin/python3" },
    out: { type: "string" },
  },
});

/** Network, side of the images, images in a batch. */
const settings: readonly (readonly [network: string, size: number, batch: number])[] = [
  ["resnet18", 64, 8],
  ["resnet18", 64, 50],
  ["resnet18", 112, 16],
  ["resnet18", 112, 100],
  ["resnet18", 224, 8],
  ["resnet18", 224, 25],
  ["resnet18", 224, 50],
  ["mobilenet_v1", 64, 50],
  ["mobilenet_v1", 112, 50],
  ["mobilenet_v1", 224, 16],
  ["mobilenet_v1", 224, 50],
];

const script = fileURLToPath(new URL("memory-step.ts", import.meta.url));

async function measure(request: StepRequest): Promise<StepReply> {
  const run = promisify(execFile);
  const { stdout } = await run(process.execPath, ["--import", "tsx", script, JSON.stringify(request)]);
  return JSON.parse(stdout) as StepReply;
}

const gb = (bytes: number): string => (bytes / 1e9).toFixed(2);
const machine = describeMachine();
const folder = await mkdtemp(join(tmpdir(), "drmguard-bench-"));
const reference = startReference(flags.python, 1);
try {
  for (const network of ["resnet18", "mobilenet_v1"]) {
    await reference.ask({ do: "export", network, size: 224, seed: 1, path: join(folder, `${network}.onnx`) });
  }
  reference.close();
  console.log("# Peak memory of a step of the paper's search\n");
  console.log(`${machine.cpu}, ${machine.memoryGb} GB, Node ${machine.node}, ${flags.threads} threads.\n`);
  console.log("| network | px | batch | peak GB | estimate GB | estimate / peak | s a step |");
  console.log("| --- | --- | --- | --- | --- | --- | --- |");
  const results: object[] = [];
  for (const [network, size, batch] of settings) {
    if (!`${network}/${size}/${batch}`.startsWith(flags.only)) continue;
    const model = join(folder, `${network}.onnx`);
    const reply = await measure({
      model,
      size,
      batch,
      threads: Number(flags.threads),
      steps: Number(flags.steps),
    });
    const { peakBytes, estimate, seconds } = reply;
    results.push({ network, size, batch, ...reply });
    const ratio = (estimate / peakBytes).toFixed(2);
    const last = seconds.at(-1)!.toFixed(2);
    console.log(
      `| ${network} | ${size} | ${batch} | ${gb(peakBytes)} | ${gb(estimate)} | ${ratio} | ${last} |`,
    );
  }
  if (flags.out !== undefined)
    await writeFile(flags.out, `${JSON.stringify({ machine, results }, null, 2)}\n`);
} finally {
  await rm(folder, { recursive: true });
}
