/** The runtime of Node. */
import { DrmGuardError } from "../errors.ts";
import { type Lane, startLane } from "./node-lane.ts";
import { availableProviders, loadSession, type Provider, runtimeName } from "./node-session.ts";
import type { Runtime } from "./runtime.ts";

export { availableProviders, type Provider, providers } from "./node-session.ts";

/** How to run. */
export interface NodeRuntimeOptions {
  /** Threads of a session that runs alone; ONNX Runtime's own default is blind to container limits, so it is always given. */
  readonly threads?: number;
  readonly provider?: Provider;
  /**
   * Sessions that can run at the same time, each on its part of the threads: all but the first in a thread of JavaScript's. A process that is told to exit while one of them runs aborts, so
   * this is for processes that do nothing else; jobs have it.
   */
  readonly lanes?: number;
}

/** ONNX Runtime's blocks have 16 channels with AVX-512 and 8 without; what fills the wider ones fills the others too. */
const widestBlock = 16;

/** More lanes than that hold more copies of a model's weights than triggers to search; each has several threads then. */
const mostLanes = 4;

/**
 * Lanes for some threads: as many as share them evenly, so that none is idle; one for providers that have threads of their own, and run from the sources, which Node does not read in a
 * thread.
 */
export function lanesFor(threads: number, provider: Provider): number {
  const isBuilt = import.meta.url.endsWith(".js");
  let lanes = provider === "cpu" && isBuilt ? Math.min(threads, mostLanes) : 1;
  while (lanes > 1 && threads % lanes !== 0) lanes--;
  return Math.max(1, lanes);
}

/**
 * The runtime of Node: native code, the same threads for every session.
 *
 * Loading throws E_PROVIDER when the execution provider is not there, and E_RUNTIME when the graph is refused.
 */
export function nodeRuntime({ threads = 1, provider = "cpu", lanes = 1 }: NodeRuntimeOptions = {}): Runtime {
  assertProvider(provider);
  const own = Math.max(1, Math.floor(threads / lanes));
  const started = new Map<number, Lane>();
  const laneAt = (lane: number): Lane => {
    const there = started.get(lane) ?? startLane();
    started.set(lane, there);
    return there;
  };
  return {
    name: runtimeName,
    provider,
    channelBlock: provider === "cpu" && process.arch === "x64" ? widestBlock : null,
    lanes,
    load(model, { lane, ...options } = {}) {
      if (lane === undefined) return loadSession(model, threads, provider, options);
      return lane === 0
        ? loadSession(model, own, provider, options)
        : laneAt(lane).load({ model, threads: own, provider, options });
    },
  };
}

function assertProvider(provider: Provider): void {
  const known = availableProviders();
  if (known.includes(provider)) return;
  throw new DrmGuardError(
    "E_PROVIDER",
    `execution provider ${provider} is not in this build of ONNX Runtime, expected one of ${known.join(", ")}`,
  );
}
