/** The worker as the page sees it. */
import { messageOf } from "../../src/errors.ts";
import type { PageMessage, PageRequest, WorkerMessage } from "../messages.ts";
import { messagesOf } from "./parts.ts";

/** What the page asks for. */
export type Work = PageRequest["kind"];
/** What ends a request. */
export type Answer = Extract<
  WorkerMessage,
  { kind: "checked" | "scanned" | "opened" | "openedRepair" | "repaired" | "failed" }
>;
/** What comes before that. */
export type Report = Exclude<WorkerMessage, Answer>;

/** Asks a worker for one thing after the other. */
export interface Client {
  ask(request: PageRequest): void;
  /** Asks to save and stop. What does not stop in time is ended, and its state is lost. */
  stop(): void;
  /** What is not answered yet, in its order. */
  pending(): readonly Work[];
}

/** Who listens. */
export interface ClientEvents {
  onReport(report: Report): void;
  onAnswer(answer: Answer, work: Work): void;
}

/** Milliseconds that a worker gets to stop: one step of a large model may take as long. */
const stopGrace = 20_000;
const answers: readonly string[] = [
  "checked",
  "scanned",
  "opened",
  "openedRepair",
  "repaired",
  "failed",
] satisfies Answer["kind"][];

const isAnswer = (message: WorkerMessage): message is Answer => answers.includes(message.kind);

/** A worker, and what it has. */
interface RunningWorker {
  readonly worker: Worker;
  /** Settings of ONNX Runtime as JSON; null as long as it is not started. */
  runtime: string | null;
  /** The clean images that it was given last; null before any. */
  images: readonly File[] | null;
}

/** The task after those that wait, so that the page answers in between. */
const nextTask = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));

/** A client whose worker is started when it is first needed. */
export function createClient({ onReport, onAnswer }: ClientEvents): Client {
  let running: RunningWorker | null = null;
  let pending: Work[] = [];
  /** Messages on their way, one after the other. */
  let sending: Promise<void> = Promise.resolve();
  let grace: number | undefined;
  /** Ends the worker, and whatever it was asked for. */
  const end = (code: "E_INTERNAL" | "E_INTERRUPTED", message: string): void => {
    running?.worker.terminate();
    running = null;
    clearTimeout(grace);
    const lost = pending;
    pending = [];
    for (const work of lost) onAnswer({ kind: "failed", code, message, hint: null }, work);
  };
  const start = (): Worker => {
    const worker = new Worker(new URL("../worker/worker.ts", import.meta.url), { type: "module" });
    worker.onmessage = ({ data }: MessageEvent<WorkerMessage>) => {
      if (!isAnswer(data)) {
        onReport(data);
        return;
      }
      clearTimeout(grace);
      const work = pending.shift();
      if (work !== undefined) onAnswer(data, work);
    };
    worker.onerror = (event) => {
      end("E_INTERNAL", `the worker failed: ${event.message || "its script cannot be loaded"}`);
    };
    return worker;
  };
  /** Says it after what was said before, unless the worker was ended meanwhile. */
  const send = (to: RunningWorker, messages: readonly PageMessage[]): void => {
    sending = sending
      .then(async () => {
        for (const message of messages) {
          if (running !== to) return;
          to.worker.postMessage(message);
          await nextTask();
        }
      })
      .catch((thrown: unknown) => end("E_INTERNAL", `cannot tell the worker: ${messageOf(thrown)}`));
  };
  return {
    pending: () => pending,
    ask(request) {
      // ONNX Runtime takes its threads once, when it is started.
      const runtime = request.kind === "open" ? null : JSON.stringify(request.settings.runtime);
      const isOther = runtime !== null && running?.runtime !== runtime;
      if (running !== null && running.runtime !== null && isOther) {
        end("E_INTERRUPTED", "its settings changed");
      }
      running ??= { worker: start(), runtime, images: null };
      running.runtime ??= runtime;
      pending.push(request.kind);
      const { messages, images } = messagesOf(request, running.images);
      running.images = images;
      send(running, messages);
    },
    stop() {
      if (running !== null) send(running, [{ kind: "stop" }]);
      clearTimeout(grace);
      grace = window.setTimeout(
        () => end("E_INTERRUPTED", "stopped in the middle of a step; its state is lost"),
        stopGrace,
      );
    },
  };
}
