/** Progress of many models on stderr: one line that says how far all of them are. */
import type { ExperimentEvent } from "../experiments/run-experiment.ts";
import { duration } from "./progress.ts";
import { createStatusLine, type ProgressStream } from "./status-line.ts";

/** Draws events. */
export interface ExperimentProgress {
  readonly onEvent: (event: ExperimentEvent) => void;
  readonly close: () => void;
}

/** Milliseconds between two lines, on a terminal and where nothing can be drawn again. */
const intervals = { live: 500, lines: 30_000 };

/**
 * Shows how many models are done, what those under way are at, and the time left.
 *
 * The time left is that of the models so far, since the run began, for those that remain.
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
  const running = new Map<string, { text: string; share: number }>();
  // What is measured now and then is shown until it is measured again.
  const values = new Map<string, Readonly<Record<string, number>>>();
  const start = now();
  let counts = { done: 0, all: 0, atStart: null as number | null };
  let last = 0;
  const status = createStatusLine(stream);
  const { say } = status;
  const left = (): string => {
    const shares = [...running.values()].reduce((sum, { share }) => sum + share, 0);
    const worked = counts.done - (counts.atStart ?? 0) + shares;
    const rest = counts.all - counts.done - shares;
    return worked < 0.1 ? "" : `, ${duration((((now() - start) / worked) * rest) / 1000)} left`;
  };
  const draw = (): void => {
    const interval = isLive ? intervals.live : intervals.lines;
    if (isQuiet || now() - last < interval) return;
    last = now();
    const parts = [...running].map(([model, { text }]) => `${model} ${text}`);
    const line = `${counts.done}/${counts.all} models${left()}: ${parts.join("; ")}`;
    if (isLive) status.draw(line);
    else stream.write(`${line}\n`);
  };
  return {
    close: status.clear,
    onEvent(event) {
      if (event.kind === "note") {
        if (!isQuiet) say(event.message);
      } else if (event.kind === "rendering") {
        running.set(`heads for ${event.task}`, {
          text: `${event.done}/${event.all} rendered`,
          share: 0,
        });
        if (event.done === event.all) running.delete(`heads for ${event.task}`);
        draw();
      } else if (event.kind === "work") {
        const { event: inner, model } = event;
        if (inner.kind === "warning") say(`warning: ${model}: ${inner.message}`);
        if (inner.kind === "phase") {
          running.set(model, { text: inner.phase, share: 0 });
          values.delete(model);
        }
        if (inner.kind === "step") {
          values.set(model, { ...values.get(model), ...inner.values });
          running.set(model, describe({ ...inner, values: values.get(model)! }));
        }
        draw();
      } else {
        counts = { done: event.done, all: event.all, atStart: counts.atStart ?? event.done };
        if (event.kind === "started") running.set(event.model, { text: "starting", share: 0 });
        else {
          running.delete(event.model);
          if (!isQuiet) say(`${event.model} is there (${event.done} of ${event.all})`);
        }
        draw();
      }
    },
  };
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
  const share = phase === "training the network" ? step / steps : 0;
  return { text: [`${phase} ${Math.round((100 * step) / steps)} %`, ...numbers].join(" "), share };
}
