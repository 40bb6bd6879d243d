/** What a measurement was made on. */
import { readFileSync } from "node:fs";
import { availableParallelism, loadavg, totalmem } from "node:os";

/** The machine, and how busy it was. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGb: number;
  readonly node: string;
  /** Runnable processes over the last minute when the measurement began; ours and the reference count themselves. */
  readonly load: number;
}

/** Describes this machine. */
export function describeMachine(): Machine {
  const info = readFileSync("/proc/cpuinfo", "utf8");
  const field = (name: string): string =>
    new RegExp(`^${name}\\s*:\\s*(.+)$`, "m").exec(info)?.[1] ?? "unknown";
  const vectors = field("flags").includes("avx512f") ? "AVX-512" : "AVX2 or less";
  return {
    cpu: `${field("model name")} (family ${field("cpu family")}, model ${field("model")}, ${vectors})`,
    cores: availableParallelism(),
    memoryGb: Math.round(totalmem() / 1e8) / 10,
    node: process.version,
    load: loadavg()[0]!,
  };
}
