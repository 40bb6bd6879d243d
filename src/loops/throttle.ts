/** Fewer reports of steps than there are steps. */
import type { WorkEvent } from "./work.ts";

/**
 * Lets through the steps of a phase only now and then, and its last one always; all other events as they come. Values of steps that
 * were left out come with the next one: some are measured now and then only, and shall not be lost.
 *
 * @param interval milliseconds between two steps that are let through
 * @param say takes what is let through
 * @param now the time in milliseconds
 */
export function throttleSteps(
  interval: number,
  say: (event: WorkEvent) => void,
  now: () => number = Date.now,
): (event: WorkEvent) => void {
  let last = Number.NEGATIVE_INFINITY;
  let unsaid: Readonly<Record<string, number>> = {};
  return (event) => {
    if (event.kind !== "step") {
      if (event.kind === "phase") unsaid = {};
      say(event);
      return;
    }
    const values = { ...unsaid, ...event.values };
    if (event.step < event.steps && now() - last < interval) {
      unsaid = values;
      return;
    }
    last = now();
    unsaid = {};
    say({ ...event, values });
  };
}
