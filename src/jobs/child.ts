/**
 * The child process that a job runs in. A model is untrusted input and ONNX Runtime blocks the thread that it runs in:
 * a process of its own can be watched and killed.
 */
import { DrmGuardError, messageOf } from "../errors.ts";
import { throttleSteps } from "../loops/throttle.ts";
import type { ChildMessage, JobContext, JobRequest, JobResults, ParentMessage } from "./job.ts";

/** Milliseconds between two reports of the steps of a phase; its last step is always reported. */
const stepInterval = 100;

let isStopping = false;
let isDone = false;

const send = (message: ChildMessage): void => {
  process.send?.(message);
};

/** Sends the last message and lets go of the parent once it is out. */
const finish = (message: ChildMessage): void => {
  isDone = true;
  process.send?.(message, () => process.disconnect());
};

const context: JobContext = {
  onEvent: throttleSteps(stepInterval, (event) => send({ kind: "event", event })),
  shouldStop: () => isStopping,
};

/** Loads what the job needs, which is less than what all need, and runs it. */
async function run(request: JobRequest): Promise<JobResults[JobRequest["kind"]]> {
  if (request.kind === "check") return (await import("./check-job.ts")).runCheck(request, context);
  if (request.kind === "scan") return (await import("./scan-job.ts")).runScan(request, context);
  if (request.kind === "repair") return (await import("./repair-job.ts")).runRepair(request, context);
  if (request.kind === "train") return (await import("./train-job.ts")).runTraining(request, context);
  if (request.kind === "measure") return (await import("./measure-job.ts")).runMeasurement(request, context);
  return (await import("./poison-job.ts")).runPoisoning(request, context);
}

function errorMessage(thrown: unknown): ChildMessage {
  if (thrown instanceof DrmGuardError) {
    return { kind: "error", code: thrown.code, message: thrown.message, hint: thrown.hint };
  }
  const isMemory = thrown instanceof RangeError && /allocation failed|array length/i.test(thrown.message);
  return {
    kind: "error",
    code: isMemory ? "E_MEMORY" : "E_INTERNAL",
    message: messageOf(thrown),
    stack: thrown instanceof Error ? thrown.stack : undefined,
  };
}

process.on("message", (message: ParentMessage) => {
  if (message.kind === "stop") {
    isStopping = true;
    return;
  }
  void run(message.request)
    .then(
      (result): ChildMessage => ({ kind: "result", result }),
      (thrown: unknown) => errorMessage(thrown),
    )
    .then(finish);
});
// The terminal sends its interrupt to the whole group; the parent decides what it means.
process.on("SIGINT", () => {});
process.on("SIGTERM", () => {
  isStopping = true;
});
// Without a parent nobody waits for the result. An exit aborts where a lane still runs, and may leave all of the memory in a file.
process.on("disconnect", () => (isDone ? process.exit() : process.kill(process.pid, "SIGKILL")));
