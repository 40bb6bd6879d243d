import { expect, test } from "vitest";
import { createProgress, duration } from "../../src/cli/progress.ts";
import type { WorkEvent } from "../../src/loops/work.ts";

/** A stream and a clock that a test holds in its hands. */
function shown(options: { isTTY?: boolean; columns?: number; isQuiet?: boolean } = {}) {
  let text = "";
  let time = 0;
  const stream = {
    isTTY: options.isTTY,
    columns: options.columns,
    write(part: string) {
      text += part;
    },
  };
  const progress = createProgress(stream, options.isQuiet ?? false, () => time);
  return {
    progress,
    /** Sends an event some seconds after the last one. */
    send: (event: WorkEvent, seconds = 0): void => {
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

const phase: WorkEvent = { kind: "phase", phase: "searching", steps: 100 };
const step = (number: number): WorkEvent => ({
  kind: "step",
  phase: "searching",
  step: number,
  steps: 100,
  values: { l1: 1.23456 },
});
const clear = "\r\u001b[K";

test("on a terminal one line is drawn again and again, with the time that is left", () => {
  const { send, take } = shown({ isTTY: true, columns: 200 });
  send(phase);
  expect(take()).toBe(`${clear}searching ...`);
  // Compiling took a minute, which is no measure of the steps.
  send(step(1), 60);
  expect(take()).toBe(`${clear}searching [....................] 1/100   l1 1.23`);
  send(step(11), 20);
  expect(take()).toBe(`${clear}searching [##..................] 11/100 2 min 58 s left  l1 1.23`);
  send(step(100), 1);
  expect(take()).toMatch(/100\/100 done {2}l1 1.23\n$/);
});

test("a resumed run counts time from its own first step", () => {
  const { send, take } = shown({ isTTY: true, columns: 200 });
  send(phase);
  send(step(61), 5);
  send(step(71), 10);
  expect(take()).toContain("71/100 29 s left");
});

test("a narrow terminal gets no line that would wrap", () => {
  const { send, take } = shown({ isTTY: true, columns: 30 });
  send(phase);
  send(step(1));
  for (const line of take().split(clear)) expect(line.length).toBeLessThan(30);
});

test("notes and warnings take the line away, and so does the end", () => {
  const { send, take, progress } = shown({ isTTY: true });
  send(phase);
  take();
  send({ kind: "note", message: "from the cache" });
  expect(take()).toBe(`${clear}from the cache\n`);
  send({ kind: "warning", message: "few images" });
  expect(take()).toMatch(/^[^\r]*warning:[^\r]* few images\n$/);
  send(step(1));
  take();
  progress.close();
  progress.close();
  expect(take()).toBe(clear);
});

test("in a log there is a line every ten seconds and one at the end, and nothing is drawn over", () => {
  const { send, take } = shown();
  send(phase);
  for (let k = 1; k <= 100; k++) send(step(k), 0.25);
  const text = take();
  expect(text).not.toContain("\r");
  const lines = text.trimEnd().split("\n");
  expect(lines.map((line) => /\d+\/100/.exec(line)?.[0])).toEqual([undefined, "40/100", "80/100", "100/100"]);
  expect(lines.at(-1)).toContain("done");
});

test.each([true, false])("quiet shows warnings alone (terminal: %s)", (isTTY) => {
  const { send, take } = shown({ isTTY, isQuiet: true });
  send(phase);
  send(step(1), 60);
  send({ kind: "note", message: "a note" });
  send(step(100), 60);
  expect(take()).toBe("");
  send({ kind: "warning", message: "few images" });
  expect(take()).toContain("few images\n");
});

test.each([
  [0, "0 s"],
  [59.4, "59 s"],
  [59.6, "1 min 0 s"],
  [200, "3 min 20 s"],
  [3599.7, "1 h 0 min"],
  [7500, "2 h 5 min"],
])("%d seconds are %s", (seconds, text) => {
  expect(duration(seconds)).toBe(text);
});
