/** A lane: a thread of JavaScript's with sessions of its own, which run while this one's do. */
import { Worker } from "node:worker_threads";
import { DrmGuardError } from "../errors.ts";
import type { TensorData } from "../onnx/tensor-data.ts";
import type { LaneAnswer, LaneRequest, LaneSession } from "./node-lane-messages.ts";
import type { Arrays, Session } from "./runtime.ts";

/** Loads sessions into another thread. */
export interface Lane {
  /** Loads a graph there. Throws what loading it here throws, and E_RUNTIME when the thread has died. */
  load(session: LaneSession): Promise<Session>;
}

interface Call {
  readonly resolve: (results: Arrays) => void;
  readonly reject: (error: DrmGuardError) => void;
}

/** A request without its number. */
type Asked = LaneRequest extends infer R ? (R extends LaneRequest ? Omit<R, "call"> : never) : never;

/** Starts a thread, of what is built: Node reads no TypeScript there. It ends with the process, which it does not keep alive but while it has something to do. */
export function startLane(): Lane {
  // Flags of the process, such as that what it runs is a string, are not the thread's.
  const worker = new Worker(new URL("./node-lane-thread.js", import.meta.url), { execArgv: [] });
  worker.unref();
  const calls = new Map<number, Call>();
  let [lastCall, lastSession] = [0, 0];
  let death: DrmGuardError | null = null;
  const die = (reason: string): void => {
    death ??= new DrmGuardError("E_RUNTIME", `the thread that ran a part of the work ended: ${reason}`);
    for (const { reject } of calls.values()) reject(death);
    calls.clear();
  };
  worker.on("error", (error) => die(error.message));
  worker.on("exit", (code) => die(`exit code ${code}`));
  worker.on("message", (answer: LaneAnswer) => {
    const { resolve, reject } = calls.get(answer.call)!;
    calls.delete(answer.call);
    if (calls.size === 0) worker.unref();
    if (answer.kind === "done") return resolve(answer.results);
    const { code, message, hint } = answer;
    reject(new DrmGuardError(code, message, hint === undefined ? {} : { hint }));
  });
  const ask = (request: Asked, handedOver: ArrayBuffer[] = []): Promise<Arrays> => {
    if (death !== null) return Promise.reject(death);
    const call = ++lastCall;
    worker.ref();
    return new Promise((resolve, reject) => {
      calls.set(call, { resolve, reject });
      worker.postMessage({ ...request, call }, handedOver);
    });
  };
  return {
    async load(graph) {
      const session = ++lastSession;
      await ask({ kind: "load", session, ...graph });
      return {
        run(feeds) {
          const copies = Object.entries(feeds).map(([name, value]) => [name, copyOf(value)] as const);
          const buffers = copies.flatMap(([, { data }]) =>
            Array.isArray(data) ? [] : [data.buffer as ArrayBuffer],
          );
          return ask({ kind: "run", session, feeds: Object.fromEntries(copies) }, buffers);
        },
        async release() {
          await ask({ kind: "release", session });
        },
      };
    },
  };
}

/** The caller keeps its arrays; and a part of one would take all of its memory along. */
function copyOf(value: TensorData): TensorData {
  return { ...value, data: value.data.slice() as TensorData["data"] };
}
