/** What a job ran on, for its result. */
import { cpus } from "node:os";
import type { Runtime } from "../runtime/runtime.ts";

/** Node, runtime, provider, platform, processor and threads. */
export interface JobEnvironment {
  readonly node: string;
  readonly runtime: string;
  readonly provider: string;
  readonly platform: string;
  readonly cpu: string;
  readonly threads: number;
}

/**
 * Describes where a job runs.
 *
 * @param threads threads of the runtime
 */
export function environmentOf({ name, provider }: Runtime, threads: number): JobEnvironment {
  return {
    node: process.version,
    runtime: name,
    provider,
    platform: `${process.platform} ${process.arch}`,
    cpu: cpus()[0]?.model ?? "unknown",
    threads,
  };
}
