/** How much of a scan is done, and the time that is left. */
import type { PlannedPhase, WorkEvent } from "../../src/loops/work.ts";

/** Where a scan is. */
export interface Place {
  /** From 0 to 1, of the whole where a plan tells of it, else of the phase; null where nothing is known. */
  readonly done: number | null;
  /** Seconds; null before there is a pace. */
  readonly left: number | null;
}

/** Follows a scan. */
export interface TimeLeft {
  /** Takes an event, and says where the scan is. */
  follow(event: WorkEvent): Place;
}

/** Seconds of steps that make a pace: the first steps are slow, since browsers compile what is used. */
const leastSeconds = 3;

/**
 * Follows a scan by what its phases are beside each other.
 *
 * @param plan the phases in their order; empty when nothing is known of them
 * @param now the time in milliseconds
 */
export function createTimeLeft(plan: readonly PlannedPhase[], now: () => number = Date.now): TimeLeft {
  const total = plan.reduce((sum, { work }) => sum + work, 0);
  /** Time and work at the first step that was seen; of one phase where it is not planned. */
  let first: { phase: string | null; time: number; work: number } | null = null;
  return {
    follow(event) {
      if (event.kind !== "step") return { done: null, left: null };
      const index = plan.findIndex(({ phase }) => phase === event.phase);
      const part = event.step / event.steps;
      const isPlanned = index >= 0;
      const before = plan.slice(0, Math.max(index, 0)).reduce((sum, { work }) => sum + work, 0);
      const [work, whole] = isPlanned ? [before + part * plan[index]!.work, total] : [part, 1];
      const phase = isPlanned ? null : event.phase;
      if (first === null || first.phase !== phase) first = { phase, time: now(), work };
      const seconds = (now() - first.time) / 1000;
      const pace = (work - first.work) / seconds;
      const isKnown = seconds >= leastSeconds && pace > 0;
      return { done: work / whole, left: isKnown ? (whole - work) / pace : null };
    },
  };
}

/**
 * A time in words, no more exact than it is known: `45 s`, `3 min 20 s`, `2 h 5 min`.
 *
 * @param seconds how long
 */
export function durationText(seconds: number): string {
  const whole = Math.max(1, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  if (whole < 3600) return `${Math.round(whole / 60)} min`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}
