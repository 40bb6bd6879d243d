import { expect, test } from "vitest";
import { createExperimentProgress } from "../../src/cli/experiment-progress.ts";
import type { ExperimentEvent } from "../../src/experiments/run-experiment.ts";

/** A stream and a clock that a test holds in its hands. */
function shown(options: { isTTY?: boolean; columns?: number; isQuiet?: boolean } = {}) {
  let text = "";
  let time = 1e6;
  const stream = {
    isTTY: options.isTTY,
    columns: options.columns ?? 200,
    write(part: string) {
      text += part;
    },
  };
  const progress = createExperimentProgress(stream, options.isQuiet ?? false, () => time);
  return {
    progress,
    /** Sends an event some seconds after the last one. */
    send: (event: ExperimentEvent, seconds = 0): void => {
      time += seconds * 1000;
      progress.onEvent(event);
    },
    take: (): string => {
      const taken = text;
      text = "";
      return taken;
    },
  };
}

const clear = "\r\u001b[K";
const started = (model: string, done: number): ExperimentEvent => ({ kind: "started", model, done, all: 4 });
const finished = (model: string, done: number): ExperimentEvent => ({
  kind: "finished",
  model,
  done,
  all: 4,
});
const step = (model: string, number: number, phase = "training the network"): ExperimentEvent => ({
  kind: "work",
  model,
  event: { kind: "step", phase, step: number, steps: 100, values: { loss: 0.12345, rate: 1, RE: 2 } },
});

test("one line says how many models are there, what the others are at, and the time left", () => {
  const { send, take } = shown({ isTTY: true });
  send(started("gaze-wanet-1", 0), 1);
  expect(take()).toBe(`${clear}0/4 models: gaze-wanet-1 starting`);
  send(started("gaze-sig-1", 0), 1);
  take();
  send(step("gaze-wanet-1", 50), 47);
  // Half a model in 49 s: three and a half are left.
  expect(take()).toBe(
    `${clear}0/4 models, 5 min 43 s left: gaze-wanet-1 training the network 50 % loss 0.123 RE 2.00; gaze-sig-1 starting`,
  );
});

test("models that were there before are no measure of time", () => {
  const { send, take } = shown({ isTTY: true });
  send(started("a", 2));
  send(step("a", 50), 10);
  expect(take()).toContain("2/4 models, 30 s left: a");
});

test("what is not the training itself is no share of a model", () => {
  const { send, take } = shown({ isTTY: true });
  send(started("a", 0));
  take();
  send(step("a", 90, "reading the images"), 10);
  expect(take()).toBe(`${clear}0/4 models: a reading the images 90 % loss 0.123 RE 2.00`);
  send({ kind: "work", model: "a", event: { kind: "phase", phase: "measuring the model", steps: 0 } }, 1);
  expect(take()).toBe(`${clear}0/4 models: a measuring the model`);
});

test("a finished model takes the line away and gets one of its own", () => {
  const { send, take } = shown({ isTTY: true });
  send(started("a", 0), 1);
  take();
  send(finished("a", 1), 1);
  expect(take()).toBe(`${clear}a is there (1 of 4)\n${clear}1/4 models, 6 s left: `);
});

test("rendering is shown until it is done", () => {
  const { send, take } = shown({ isTTY: true });
  send({ kind: "rendering", task: "gaze", done: 20, all: 100 }, 1);
  expect(take()).toContain("heads for gaze 20/100 rendered");
  send({ kind: "rendering", task: "gaze", done: 100, all: 100 }, 1);
  expect(take()).not.toContain("heads");
});

test("a narrow terminal gets no line that would wrap, and is not drawn on more often than twice a second", () => {
  const { send, take } = shown({ isTTY: true, columns: 30 });
  send(started("gaze-multi-target-wanet-12", 0), 1);
  expect(take().slice(clear.length).length).toBeLessThan(30);
  send(step("gaze-multi-target-wanet-12", 1), 0.2);
  expect(take()).toBe("");
});

test("in a log there is a line every half minute, and nothing is drawn over", () => {
  const { send, take } = shown();
  send(started("a", 0));
  for (let k = 1; k <= 90; k++) send(step("a", k), 1);
  const lines = take().trimEnd().split("\n");
  expect(lines.map((line) => /(\d+) %/.exec(line)?.[1])).toEqual([undefined, "30", "60", "90"]);
  expect(lines.join()).not.toContain("\r");
});

test("warnings name their model, also where all else is quiet", () => {
  const { send, take } = shown({ isQuiet: true });
  send(started("a", 0), 60);
  send(step("a", 50), 60);
  send({ kind: "note", message: "a note" });
  send(finished("a", 1), 60);
  expect(take()).toBe("");
  send({ kind: "work", model: "a", event: { kind: "warning", message: "far away" } });
  expect(take()).toBe("warning: a: far away\n");
});

test("notes are said, and the end takes the line away", () => {
  const { send, take, progress } = shown({ isTTY: true });
  send({ kind: "note", message: "interrupted" });
  expect(take()).toBe("interrupted\n");
  send(started("a", 0), 1);
  take();
  progress.close();
  progress.close();
  expect(take()).toBe(clear);
});
