/** Where the time of a program goes, by ONNX Runtime's own profiler. */
import { readdir, readFile, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import "../src/runtime/without-telemetry.ts";
import * as ort from "onnxruntime-node";
import { writeModel } from "../src/onnx/proto.ts";
import type { TensorData } from "../src/onnx/tensor-data.ts";
import { toModel } from "../src/runtime/compile.ts";
import type { Arrays } from "../src/runtime/runtime.ts";
import type { Tensor } from "../src/tensor/graph.ts";

/** The time of one kind of operator in one run. */
export interface OperatorTime {
  readonly op: string;
  readonly seconds: number;
  readonly calls: number;
}

interface ProfileEvent {
  readonly cat: string;
  readonly name: string;
  readonly dur: number;
  readonly args?: { readonly op_name?: string };
}

/**
 * The mean time by operator over some runs, the longest first.
 *
 * @param outputs what the program computes
 * @param prefix where the profile may be written; it is removed again
 */
export async function timeByOperator(
  outputs: Readonly<Record<string, Tensor>>,
  feeds: Arrays,
  threads: number,
  prefix: string,
  runs = 5,
): Promise<OperatorTime[]> {
  const session = await ort.InferenceSession.create(writeModel(toModel(outputs)), {
    executionProviders: ["cpu"],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    graphOptimizationLevel: "all",
    logSeverityLevel: 4,
    enableProfiling: true,
    profileFilePrefix: prefix,
  });
  const tensor = ({ dtype, data, dims }: TensorData): ort.Tensor =>
    new ort.Tensor(dtype as ort.Tensor.Type, data as ort.Tensor.DataType, dims as number[]);
  const inputs = Object.fromEntries(Object.entries(feeds).map(([name, value]) => [name, tensor(value)]));
  const warmUps = 2;
  for (let run = 0; run < warmUps + runs; run++) await session.run(inputs);
  session.endProfiling();
  await session.release();
  const events = await readProfile(prefix);
  return summed(events, warmUps, runs);
}

async function readProfile(prefix: string): Promise<ProfileEvent[]> {
  const folder = dirname(prefix);
  const name = (await readdir(folder)).find((file) => file.startsWith(basename(prefix)));
  if (name === undefined) throw new Error(`no profile at ${prefix}`);
  const path = join(folder, name);
  const events = JSON.parse(await readFile(path, "utf8")) as ProfileEvent[];
  await rm(path);
  return events;
}

function summed(events: readonly ProfileEvent[], warmUps: number, runs: number): OperatorTime[] {
  const byNode = new Map<string, { op: string; durations: number[] }>();
  for (const { cat, name, dur, args } of events) {
    const isKernel = cat === "Node" && name.endsWith("_kernel_time") && args?.op_name !== undefined;
    if (!isKernel) continue;
    const node = byNode.get(name) ?? { op: args.op_name!, durations: [] };
    node.durations.push(dur);
    byNode.set(name, node);
  }
  const byOp = new Map<string, OperatorTime>();
  for (const { op, durations } of byNode.values()) {
    // Nodes of one name (there are none in our graphs) would show up as several calls a run.
    const perRun = durations.length / (warmUps + runs);
    const seconds = durations.slice(warmUps * perRun).reduce((a, b) => a + b, 0) / runs / 1e6;
    const before = byOp.get(op) ?? { op, seconds: 0, calls: 0 };
    byOp.set(op, { op, seconds: before.seconds + seconds, calls: before.calls + perRun });
  }
  return [...byOp.values()].sort((a, b) => b.seconds - a.seconds);
}
