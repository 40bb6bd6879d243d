/** The thread of a lane: it holds sessions and runs them, one call after the other. */
import { type MessagePort, parentPort } from "node:worker_threads";
import { DrmGuardError, messageOf } from "../errors.ts";
import type { LaneAnswer, LaneRequest } from "./node-lane-messages.ts";
import { loadSession } from "./node-session.ts";
import type { Arrays, Session } from "./runtime.ts";

const port = parentPort as MessagePort;
const sessions = new Map<number, Session>();

async function answer(request: LaneRequest): Promise<Arrays> {
  if (request.kind === "load") {
    const { model, threads, provider, options } = request;
    sessions.set(request.session, await loadSession(model, threads, provider, options));
    return {};
  }
  const session = sessions.get(request.session)!;
  if (request.kind === "run") return session.run(request.feeds);
  sessions.delete(request.session);
  await session.release();
  return {};
}

function errorOf(call: number, thrown: unknown): LaneAnswer {
  const [code, hint] =
    thrown instanceof DrmGuardError ? [thrown.code, thrown.hint] : (["E_INTERNAL", undefined] as const);
  return { call, kind: "error", code, message: messageOf(thrown), hint };
}

/** Memory that is handed over and not copied; strings have none. */
const buffersOf = (results: Arrays): ArrayBuffer[] =>
  Object.values(results).flatMap(({ data }) => (Array.isArray(data) ? [] : [data.buffer as ArrayBuffer]));

port.on("message", (request: LaneRequest) => {
  const { call } = request;
  void answer(request).then(
    (results) => {
      const done: LaneAnswer = { call, kind: "done", results };
      port.postMessage(done, buffersOf(results));
    },
    (thrown: unknown) => port.postMessage(errorOf(call, thrown)),
  );
});
