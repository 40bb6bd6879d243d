/** Progress on stderr: one line that is drawn again on a terminal, some lines elsewhere. */
import pc from "picocolors";
import type { WorkEvent } from "../loops/work.ts";
import { createStatusLine, type ProgressStream } from "./status-line.ts";

/** Draws events. */
export interface Progress {
  readonly onEvent: (event: WorkEvent) => void;
  /** Takes the line away, so that other output can follow. */
  readonly close: () => void;
}

/** Milliseconds between two lines where nothing can be drawn again, such as in the log of a CI job. */
const lineInterval = 10_000;
const barWidth = 20;

/**
 * Shows events.
 *
 * @param isQuiet shows warnings only
 * @param now the time in milliseconds
 */
export function createProgress(
  stream: ProgressStream,
  isQuiet: boolean,
  now: () => number = Date.now,
): Progress {
  const isLive = stream.isTTY === true && !isQuiet;
  let phase = { name: "", start: 0, firstStep: 0 };
  // What is measured now and then is shown until it is measured again.
  let values: Readonly<Record<string, number>> = {};
  let lastLine = 0;
  const { draw, clear, say } = createStatusLine(stream);
  return {
    close: clear,
    onEvent(event) {
      if (event.kind === "warning") {
        say(`${pc.yellow("warning:")} ${event.message}`);
        return;
      }
      if (isQuiet) return;
      if (event.kind === "note") {
        say(event.message);
      } else if (event.kind === "phase") {
        phase = { name: event.phase, start: now(), firstStep: -1 };
        values = {};
        lastLine = now();
        if (isLive) draw(`${event.phase} ...`);
        else stream.write(`${event.phase} ...\n`);
      } else {
        // Time is counted from the first step: compiling comes before it, and a resumed run begins late.
        if (phase.firstStep < 0) phase = { ...phase, firstStep: event.step, start: now() };
        values = { ...values, ...event.values };
        const isLast = event.step === event.steps;
        if (!isLive && !isLast && now() - lastLine < lineInterval) return;
        lastLine = now();
        const text = stepText({ ...event, values }, phase.firstStep, (now() - phase.start) / 1000);
        if (isLive) draw(text);
        else stream.write(`${text}\n`);
        if (isLive && isLast) say(text);
      }
    },
  };
}

function stepText(
  { phase, step, steps, values }: Extract<WorkEvent, { kind: "step" }>,
  firstStep: number,
  seconds: number,
): string {
  const done = step - firstStep;
  const left = done > 0 ? ((steps - step) * seconds) / done : null;
  const filled = Math.round((barWidth * step) / steps);
  const bar = "#".repeat(filled) + ".".repeat(barWidth - filled);
  const time = step === steps ? "done" : left === null ? "" : `${duration(left)} left`;
  const numbers = Object.entries(values).map(([name, value]) => `${name} ${value.toPrecision(3)}`);
  return `${phase} [${bar}] ${step}/${steps} ${time}  ${numbers.join("  ")}`;
}

/**
 * A time in words: `45 s`, `3 min 20 s`, `2 h 5 min`.
 *
 * @param seconds how long
 */
export function duration(seconds: number): string {
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}
