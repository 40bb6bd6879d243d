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
const counts = (done: number, seconds: number | null = null) => ({ model: { done, all: 4, seconds } });
const started = (item: string, done: number, seconds: number | null = null): ExperimentEvent => ({
  kind: "started",
  work: "model",
  item,
  counts: counts(done, seconds),
});
const finished = (item: string, done: number, seconds: number): ExperimentEvent => ({
  kind: "finished",
  work: "model",
  item,
  counts: counts(done, seconds),
});
const step = (item: string, number: number, phase = "training the network"): ExperimentEvent => ({
  kind: "work",
  work: "model",
  item,
  event: { kind: "step", phase, step: number, steps: 100, values: { loss: 0.12345, rate: 1, RE: 2 } },
});

test("what there is to do is a table, then one line says how far it is", () => {
  const { send, take } = shown({ isTTY: true });
  send({
    kind: "planned",
    jobs: 2,
    counts: { model: { done: 3, all: 4, seconds: 90 }, scan: { done: 0, all: 4, seconds: null } },
  });
  expect(take().split("\n")).toEqual([
    "work:",
    "  models              3 there     1 to make  1 min 30 s each",
    "  scans               0 there     4 to make",
    "",
  ]);
});

test("one line says how many models are there, what the others are at, and the time left", () => {
  const { send, take } = shown({ isTTY: true });
  send(started("gaze-wanet-1", 0), 1);
  expect(take()).toBe(`${clear}0/4 models: model gaze-wanet-1 starting`);
  send(started("gaze-sig-1", 0), 2);
  take();
  send(step("gaze-wanet-1", 50), 48);
  // Half a model in 50 s: four take 400 s, of which 50 and 48 are over.
  expect(take()).toBe(
    `${clear}0/4 models, 5 min 2 s left: model gaze-wanet-1 training the network 50 % loss 0.123 RE 2.00; model gaze-sig-1 starting`,
  );
});

test("the time of those that are there counts for those that are not, as many at once as there are jobs", () => {
  const { send, take } = shown({ isTTY: true });
  const ofBoth = {
    model: { done: 2, all: 4, seconds: 100 },
    scan: { done: 1, all: 4, seconds: 40 },
  };
  send({ kind: "planned", jobs: 2, counts: ofBoth }, 1);
  take();
  send({ kind: "started", work: "model", item: "a", counts: ofBoth }, 1);
  // (2 x 100 + 3 x 40) / 2
  expect(take()).toBe(`${clear}2/4 models, 1/4 scans, 2 min 40 s left: model a starting`);
  send(step("a", 1), 60);
  expect(take()).toContain("2/4 models, 1/4 scans, 2 min 10 s left: model a");
});

test("where nothing is known of a kind the time is at least that of the others", () => {
  const { send, take } = shown({ isTTY: true });
  const ofBoth = { model: { done: 2, all: 4, seconds: 100 }, repair: { done: 0, all: 4, seconds: null } };
  send({ kind: "started", work: "model", item: "a", counts: ofBoth }, 1);
  expect(take()).toBe(`${clear}2/4 models, 0/4 repairs, at least 3 min 20 s left: model a starting`);
});

test("what is not the training itself is no share of a model", () => {
  const { send, take } = shown({ isTTY: true });
  send(started("a", 0));
  take();
  send(step("a", 90, "reading the images"), 10);
  expect(take()).toBe(`${clear}0/4 models: model a reading the images 90 % loss 0.123 RE 2.00`);
  send({ kind: "work", work: "model", item: "a", event: { kind: "phase", phase: "measuring", steps: 0 } }, 1);
  expect(take()).toBe(`${clear}0/4 models: model a measuring`);
});

test("a finished model takes the line away and gets one of its own, one that failed too", () => {
  const { send, take } = shown({ isTTY: true });
  send(started("a", 0), 1);
  take();
  send(finished("a", 1, 2), 2);
  expect(take()).toBe(`${clear}model a is there (1 of 4)\n${clear}1/4 models, 6 s left`);
  send({ kind: "failed", work: "scan", item: "a", message: "no memory" }, 1);
  expect(take()).toBe(`${clear}failed: scan a: no memory\n`);
});

test.each([
  ["heads", "gaze"],
  ["digits", "classification"],
] as const)("images of %s that are made are counted until all are there", (made, task) => {
  const { send, take } = shown({ isTTY: true });
  send({ kind: "images", made, task, done: 20, all: 100 }, 1);
  expect(take()).toContain(`${made} for ${task} 20/100 made`);
  send({ kind: "images", made, task, done: 100, all: 100 }, 1);
  expect(take()).not.toContain(made);
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
  send(finished("a", 1, 60), 60);
  expect(take()).toBe("");
  send({ kind: "work", work: "model", item: "a", event: { kind: "warning", message: "far away" } });
  expect(take()).toBe("warning: model a: far away\n");
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
