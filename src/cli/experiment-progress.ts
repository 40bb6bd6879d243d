/** Progress of an experiment on stderr: one line that says how far all of its work is. */
import type { ExperimentEvent } from "../experiments/run-experiment.ts";
import { type WorkCounts, type WorkKind, workKinds } from "../experiments/work.ts";
import { duration } from "./progress.ts";
import { createStatusLine, type ProgressStream } from "./status-line.ts";

/** Draws events. */
export interface ExperimentProgress {
  readonly onEvent: (event: ExperimentEvent) => void;
  readonly close: () => void;
}

/** Milliseconds between two lines, on a terminal and where nothing can be drawn again. */
const intervals = { live: 500, lines: 30_000 };

/** The share of a piece of work below which its speed says nothing yet. */
const leastShare = 0.05;

/** What several pieces of work are called, and what is done to one. */
const words: Readonly<Record<WorkKind, readonly [many: string, one: string]>> = {
  model: ["models", "model"],
  scan: ["scans", "scan"],
  repair: ["repairs", "repair"],
  measurement: ["measurements", "measurement"],
  poisoning: ["sets of images", "images of"],
};

/** A piece of work under way. */
interface Running {
  readonly work: WorkKind | null;
  readonly start: number;
  readonly text: string;
  readonly share: number;
}

/**
 * Shows how much of each kind of work is done, what is under way, and the time left: for each kind the mean time of those that are there, or
 * the speed of those under way, times those that remain.
 *
 * @param isQuiet shows warnings only
 * @param now the time in milliseconds
 */
export function createExperimentProgress(
  stream: ProgressStream,
  isQuiet: boolean,
  now: () => number = Date.now,
): ExperimentProgress {
  const isLive = stream.isTTY === true && !isQuiet;
  const running = new Map<string, Running>();
  // What is measured now and then is shown until it is measured again.
  const values = new Map<string, Readonly<Record<string, number>>>();
  let counts: WorkCounts = {};
  let jobs = 1;
  let last = 0;
  const status = createStatusLine(stream);
  const { say } = status;

  const draw = (): void => {
    const interval = isLive ? intervals.live : intervals.lines;
    if (isQuiet || now() - last < interval) return;
    last = now();
    const parts = [...running].map(([name, { text }]) => `${name} ${text}`);
    const line = [countsText(counts), timeLeft(counts, [...running.values()], jobs, now())]
      .filter(Boolean)
      .join(", ");
    const text = [line, parts.join("; ")].filter(Boolean).join(": ");
    if (isLive) status.draw(text);
    else stream.write(`${text}\n`);
  };
  const update = (name: string, changes: Partial<Running>): void => {
    const known = running.get(name) ?? { work: null, start: now(), text: "", share: 0 };
    running.set(name, { ...known, ...changes });
  };
  return {
    close: status.clear,
    onEvent(event) {
      if (event.kind === "note") {
        if (!isQuiet) say(event.message);
      } else if (event.kind === "images") {
        const name = `${event.made} for ${event.task}`;
        update(name, { text: `${event.done}/${event.all} made` });
        if (event.done === event.all) running.delete(name);
        draw();
      } else if (event.kind === "planned") {
        ({ counts, jobs } = event);
        if (!isQuiet) say(planText(counts));
      } else if (event.kind === "failed") {
        running.delete(nameOf(event));
        say(`failed: ${nameOf(event)}: ${event.message}`);
      } else if (event.kind === "work") {
        const { event: inner } = event;
        const name = nameOf(event);
        if (inner.kind === "warning") say(`warning: ${name}: ${inner.message}`);
        if (inner.kind === "phase") {
          update(name, { text: inner.phase, share: 0 });
          values.delete(name);
        }
        if (inner.kind === "step") {
          values.set(name, { ...values.get(name), ...inner.values });
          update(name, describe({ ...inner, values: values.get(name)! }));
        }
        draw();
      } else {
        ({ counts } = event);
        const name = nameOf(event);
        if (event.kind === "started") {
          running.set(name, { work: event.work, start: now(), text: "starting", share: 0 });
        } else {
          running.delete(name);
          const { done, all } = counts[event.work]!;
          if (!isQuiet) say(`${name} is there (${done} of ${all})`);
        }
        draw();
      }
    },
  };
}

const nameOf = ({ work, item }: { work: WorkKind; item: string }): string => `${words[work][1]} ${item}`;

/** `3/9 models, 0/9 scans` */
function countsText(counts: WorkCounts): string {
  return workKinds
    .flatMap((kind) => {
      const found = counts[kind];
      return found === undefined ? [] : [`${found.done}/${found.all} ${words[kind][0]}`];
    })
    .join(", ");
}

/** What there is to do, as a table. */
function planText(counts: WorkCounts): string {
  const rows = workKinds.flatMap((kind) => {
    const found = counts[kind];
    if (found === undefined) return [];
    const each = found.seconds === null ? "" : `  ${duration(found.seconds)} each`;
    return [
      `  ${words[kind][0].padEnd(16)}${String(found.done).padStart(5)} there ${String(found.all - found.done).padStart(5)} to make${each}`,
    ];
  });
  return ["work:", ...rows].join("\n");
}

/** `1 h 5 min left`; `at least` where nothing is known of a kind; empty where nothing is known at all. */
function timeLeft(counts: WorkCounts, running: readonly Running[], jobs: number, time: number): string {
  let seconds = 0;
  let isWhole = true;
  for (const kind of workKinds) {
    const found = counts[kind];
    if (found === undefined || found.done === found.all) continue;
    const own = running.filter(({ work }) => work === kind);
    const speeds = own
      .filter(({ share }) => share >= leastShare)
      .map(({ start, share }) => (time - start) / 1000 / share);
    const each =
      found.seconds ?? (speeds.length === 0 ? null : speeds.reduce((a, b) => a + b) / speeds.length);
    if (each === null) {
      isWhole = false;
      continue;
    }
    // What has run for longer than usual is nearly done.
    const spent = own.reduce((sum, { start }) => sum + Math.min(each, (time - start) / 1000), 0);
    seconds += each * (found.all - found.done) - spent;
  }
  if (seconds <= 0) return "";
  return `${isWhole ? "" : "at least "}${duration(seconds / jobs)} left`;
}

function describe({
  phase,
  step,
  steps,
  values,
}: {
  phase: string;
  step: number;
  steps: number;
  values: Readonly<Record<string, number>>;
}): { text: string; share: number } {
  const numbers = ["loss", "RE", "AE"].flatMap((name) =>
    values[name] === undefined ? [] : [`${name} ${values[name].toPrecision(3)}`],
  );
  // Other phases are short, or one of several.
  const share = phase === "training the network" ? step / steps : 0;
  return { text: [`${phase} ${Math.round((100 * step) / steps)} %`, ...numbers].join(" "), share };
}
