/** Long loops that can be stopped, saved and resumed. */
import { DrmGuardError } from "../errors.ts";
import type { CheckpointStore, TriggerSketch, Work } from "./work.ts";

/** Seconds between two saves. */
const saveInterval = 30;

/** What a step gives. */
export interface LoopStep<S> {
  readonly state: S;
  readonly values: Readonly<Record<string, number>>;
  /** Whether the values are kept in the history whatever the step, because something was measured that seldom is. */
  readonly isKept?: boolean;
}

/** One long loop. */
export interface LoopOptions<S> {
  readonly phase: string;
  readonly steps: number;
  /** The key under which an unfinished state is saved. */
  readonly key: string;
  readonly initial: S;
  readonly step: (state: S, step: number) => Promise<LoopStep<S>>;
  readonly toSaved: (state: S) => Readonly<Record<string, Float32Array>>;
  readonly fromSaved: (arrays: Readonly<Record<string, Float32Array>>) => S;
  /** What can be drawn of a state; left out where there is nothing. */
  readonly sketch?: (state: S) => TriggerSketch;
  /** Seconds since the epoch after which no step is begun; null for no such time. */
  readonly deadline: number | null;
  /** Whether the last state is saved too: what follows the loop may be interrupted as well. */
  readonly keepsEnd?: boolean;
  /** Asked before each step, with what was done so far: whether further ones cannot change what the loop is for. Never, if left out. */
  readonly isSettled?: (state: S, step: number) => boolean;
}

/** How a loop ended. */
export interface LoopResult<S> {
  readonly state: S;
  /** Steps done; fewer than asked for when the time ran out, or when it was settled before. */
  readonly steps: number;
  /** Whether it was settled before its last step. */
  readonly isSettled: boolean;
  readonly history: readonly { step: number; values: Readonly<Record<string, number>> }[];
}

/** Points kept of the values over time. */
const historyLength = 100;

interface SavedJson {
  readonly step: number;
  readonly history: LoopResult<unknown>["history"];
}

/**
 * Runs steps from where the last run stopped. Values go out as events at every step and are kept at about a hundred.
 *
 * Throws E_INTERRUPTED, with the state saved, when the caller asks to stop, and E_DIVERGED when a value or the state that is
 * left in the end is not finite, with the last state that is finite saved.
 */
export async function runLoop<S>(
  { checkpoints, onEvent, onSketch, shouldStop }: Work,
  options: LoopOptions<S>,
): Promise<LoopResult<S>> {
  const { phase, steps, key, sketch } = options;
  const saved = await checkpoints.load(key);
  let state = saved === null ? options.initial : options.fromSaved(saved.arrays);
  const json = (saved?.json ?? { step: 0, history: [] }) as SavedJson;
  const history = [...json.history];
  const every = Math.max(1, Math.floor(steps / historyLength));
  let lastSave = now();
  onEvent({ kind: "phase", phase, steps });
  if (json.step > 0) onEvent({ kind: "note", message: `${phase} resumed at step ${json.step} of ${steps}` });
  let step = json.step;
  let isSettled = false;
  const save = (done: number): Promise<void> =>
    checkpoints.save(key, {
      arrays: options.toSaved(state),
      json: { step: done, history } satisfies SavedJson,
    });
  for (; step < steps; step++) {
    isSettled = options.isSettled?.(state, step) ?? false;
    if (isSettled) break;
    if (options.deadline !== null && now() >= options.deadline) break;
    if (shouldStop()) {
      await save(step);
      throw new DrmGuardError(
        "E_INTERRUPTED",
        `interrupted in ${phase} at step ${step} of ${steps}; the state is saved`,
      );
    }
    const result = await options.step(state, step);
    const isLast = step === steps - 1;
    const problem =
      divergence(result.values) ??
      (isLast && !areFinite(options.toSaved(result.state)) ? "the state is not finite" : null);
    if (problem !== null) {
      const saved = areFinite(options.toSaved(state)) ? step : await savedStep(checkpoints, key);
      if (saved === step) await save(step);
      const last = saved === null ? "no state is saved" : `the state of step ${saved} is saved`;
      throw new DrmGuardError("E_DIVERGED", `${phase} diverged at step ${step}: ${problem}; ${last}`);
    }
    state = result.state;
    if (step % every === 0 || isLast || result.isKept) history.push({ step, values: result.values });
    onEvent({ kind: "step", phase, step: step + 1, steps, values: result.values });
    if (sketch !== undefined) onSketch?.(() => sketch(result.state));
    // What is not finite would only diverge again: the last good state is kept in its place.
    if (now() - lastSave >= saveInterval && areFinite(options.toSaved(state))) {
      lastSave = now();
      await save(step + 1);
    }
  }
  if (options.keepsEnd && step > json.step) await save(step);
  return { state, steps: step, isSettled, history };
}

const now = (): number => Date.now() / 1000;

function divergence(values: Readonly<Record<string, number>>): string | null {
  const broken = Object.entries(values).filter(([, value]) => !Number.isFinite(value));
  return broken.length === 0 ? null : broken.map(([name, value]) => `${name} = ${value}`).join(", ");
}

/** Whether a state can be gone on with. */
export function areFinite(arrays: Readonly<Record<string, Float32Array>>): boolean {
  return Object.values(arrays).every((array) => array.every(Number.isFinite));
}

async function savedStep(checkpoints: CheckpointStore, key: string): Promise<number | null> {
  const saved = await checkpoints.load(key);
  return saved === null ? null : (saved.json as SavedJson).step;
}
