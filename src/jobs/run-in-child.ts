/** Runs a job in a child process, watched. */
import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { DrmGuardError } from "../errors.ts";
import type { WorkEvent } from "../loops/work.ts";
import { createAwakeClock } from "./awake-clock.ts";
import { childVariables } from "./child-variables.ts";
import type { ChildMessage, JobRequest, JobResults, ParentMessage } from "./job.ts";
import { residentMemory } from "./memory.ts";

/** How a job is watched. */
export interface WatchOptions {
  readonly onEvent?: (event: WorkEvent) => void;
  /** When aborted, the job saves its state and ends with E_INTERRUPTED. */
  readonly signal?: AbortSignal;
  /** Seconds after which the job is killed, without those that it was stopped or the machine asleep; null for none. */
  readonly timeLimit?: number | null;
}

/** The options of watching among those of a call. */
export function watchOptions({ onEvent, signal, timeLimit }: WatchOptions): WatchOptions {
  return {
    ...(onEvent === undefined ? {} : { onEvent }),
    ...(signal === undefined ? {} : { signal }),
    timeLimit: timeLimit ?? null,
  };
}

/** Seconds without any sign of life after which a job counts as stuck: one step of the largest models takes minutes. */
const silenceLimit = 1800;
/** Milliseconds between two looks at the child. */
const watchInterval = 100;
/** Seconds that a child gets to save its state. */
const stopGrace = 60;

/** Characters kept of what a child writes to its error stream, for the case that it dies. */
const errorTextLength = 4000;

/**
 * Runs a job in a child process.
 *
 * Throws what the job throws; E_MEMORY when it takes more than its limit, E_TIME when it takes too long, E_INTERRUPTED when
 * stopped by the signal, E_RUNTIME when the process dies.
 */
export function runInChild<R extends JobRequest>(
  request: R,
  { onEvent, signal, timeLimit = null }: WatchOptions = {},
): Promise<JobResults[R["kind"]]> {
  const child = start();
  let errorText = "";
  child.stderr!.setEncoding("utf8").on("data", (chunk: string) => {
    errorText = (errorText + chunk).slice(-errorTextLength);
  });
  return new Promise((resolve, reject) => {
    let ended: "result" | "error" | DrmGuardError | null = null;
    // A job that was stopped with this process, or with the machine, is not stuck.
    const awake = createAwakeClock();
    let lastSign = awake();
    const kill = (reason: DrmGuardError): void => {
      if (ended === null) {
        ended = reason;
        child.kill("SIGKILL");
      }
    };
    let isLooking = false;
    const watch = setInterval(() => {
      const now = awake();
      if (timeLimit !== null && now > 1000 * timeLimit) kill(tooLong(`${timeLimit} s`));
      if (now - lastSign > 1000 * silenceLimit) kill(tooLong(`${silenceLimit} s without a sign of life`));
      // Where a look is a process of its own it may take longer than the interval.
      if (isLooking) return;
      isLooking = true;
      void residentMemory(child.pid!).then((bytes) => {
        isLooking = false;
        if (bytes !== null && bytes > request.memoryLimit) kill(tooMuch(bytes, request.memoryLimit));
      });
    }, watchInterval);
    let grace: NodeJS.Timeout | undefined;
    const onAbort = (): void => {
      send(child, { kind: "stop" });
      grace = setTimeout(
        () => kill(new DrmGuardError("E_INTERRUPTED", "interrupted before a step was done")),
        1000 * stopGrace,
      );
    };
    child.on("message", (message: ChildMessage) => {
      lastSign = awake();
      if (message.kind === "event") {
        onEvent?.(message.event);
      } else if (message.kind === "result") {
        ended ??= "result";
        resolve(message.result as JobResults[R["kind"]]);
      } else {
        ended ??= "error";
        reject(errorFrom(message));
      }
    });
    child.on("error", (cause) => {
      reject(
        new DrmGuardError("E_RUNTIME", `cannot start a process for the job: ${cause.message}`, { cause }),
      );
    });
    // "close" comes after the streams have ended, so that the last words are there.
    child.on("close", (code, signalName) => {
      clearInterval(watch);
      clearTimeout(grace);
      signal?.removeEventListener("abort", onAbort);
      if (ended instanceof DrmGuardError) reject(ended);
      else if (ended === null) reject(died(code, signalName, errorText));
    });
    if (signal?.aborted) onAbort();
    else signal?.addEventListener("abort", onAbort, { once: true });
    send(child, { kind: "start", request });
  });
}

function start(): ChildProcess {
  // Run from the sources, this file and the child's are TypeScript; built, both are JavaScript.
  const extension = import.meta.url.endsWith(".ts") ? ".ts" : ".js";
  return fork(fileURLToPath(new URL(`./child${extension}`, import.meta.url)), {
    env: childVariables(process.env, process.platform),
    stdio: ["ignore", "ignore", "pipe", "ipc"],
  });
}

function send(child: ChildProcess, message: ParentMessage): void {
  // A child that is gone cannot be told anything; its exit is handled on its own.
  if (child.connected) child.send(message, () => {});
}

function errorFrom(message: Extract<ChildMessage, { kind: "error" }>): DrmGuardError {
  const options = message.hint === undefined ? {} : { hint: message.hint };
  const error = new DrmGuardError(message.code, message.message, options);
  if (message.stack !== undefined) error.stack = message.stack;
  return error;
}

const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(2)} GB`;

const tooMuch = (bytes: number, limit: number): DrmGuardError =>
  new DrmGuardError(
    "E_MEMORY",
    `the job took ${gigabytes(bytes)} of memory, the limit is ${gigabytes(limit)}`,
    {
      hint: "--memory-limit raises it; a smaller batch (--set batch=N) needs less",
    },
  );

const tooLong = (what: string): DrmGuardError =>
  new DrmGuardError("E_TIME", `the job was killed after ${what}`);

function died(code: number | null, signal: NodeJS.Signals | null, errorText: string): DrmGuardError {
  if (/heap out of memory|heap limit|bad_alloc|out of memory/i.test(errorText)) {
    return new DrmGuardError("E_MEMORY", "the job needed more memory than there is", {
      hint: "a smaller batch (--set batch=N) or smaller images need less",
    });
  }
  const how = signal === null ? `with code ${code}` : `by ${signal}`;
  const last = errorText.trim().split("\n").at(-1);
  return new DrmGuardError(
    "E_RUNTIME",
    `the process that ran the model ended ${how}${last ? `: ${last}` : ""}`,
    // The kernel's own limit ends processes so.
    signal === "SIGKILL" ? { hint: "memory may have run out: try a lower --memory-limit" } : {},
  );
}
