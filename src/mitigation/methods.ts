/** All mitigations by name, with their options. A mitigation itself is loaded when it is used, so that options can be read without it. */
import type { Mitigation, MitigationSetup } from "./mitigation.ts";
import {
  anpDefaults,
  assertAnpOptions,
  assertFinePruningOptions,
  assertFineTuningOptions,
  finePruningDefaults,
  fineTuningDefaults,
  unlearningDefaults,
} from "./options.ts";

/** The name of a mitigation. */
export type MitigationName = keyof typeof mitigationOptions;

/** The options of each mitigation, with their defaults. */
export const mitigationOptions = {
  unlearning: unlearningDefaults,
  "fine-tuning": fineTuningDefaults,
  "fine-pruning": finePruningDefaults,
  anp: anpDefaults,
} as const;

/** The names of all mitigations. */
export const mitigationNames = Object.keys(mitigationOptions) as MitigationName[];

/** Options that differ from the defaults, by name. */
export type MitigationChanges = Readonly<Record<string, number>>;

/** Throws E_USAGE for options of a mitigation that are out of their range. */
export function assertMitigationChanges(name: MitigationName, changes: MitigationChanges): void {
  if (name === "anp") assertAnpOptions({ ...mitigationOptions.anp, ...changes });
  else if (name === "fine-pruning") assertFinePruningOptions({ ...mitigationOptions[name], ...changes });
  else assertFineTuningOptions({ ...mitigationOptions[name], ...changes });
}

/**
 * Takes a backdoor out of a model.
 *
 * `unlearning` is the paper's: training on clean images and on images under the reversed triggers, towards the true labels and what the model itself said.
 * `fine-tuning` trains on clean images alone, `fine-pruning` and `anp` prune first or only: see there.
 *
 * Throws what the training throws.
 *
 * @param changes options of this mitigation that differ from its defaults
 */
export async function mitigate(
  setup: MitigationSetup,
  name: MitigationName,
  changes: MitigationChanges,
): Promise<Mitigation> {
  // Names are checked where they come from; numbers are by each method.
  if (name === "anp") {
    const { pruneAdversarially } = await import("./anp.ts");
    return await pruneAdversarially(setup, { ...mitigationOptions.anp, ...changes });
  }
  if (name === "fine-pruning") {
    const { finePrune } = await import("./fine-pruning.ts");
    return await finePrune(setup, { ...mitigationOptions[name], ...changes });
  }
  const { fineTune } = await import("./fine-tuning.ts");
  const options = { ...mitigationOptions[name], ...changes };
  const tuned = await fineTune(setup, options, {
    phase: name,
    initial: setup.weights.values,
    hasTriggers: name === "unlearning",
    kept: null,
  });
  return {
    weights: tuned.weights,
    isComplete: tuned.steps === options.steps,
    measures: { steps: tuned.steps, bestStep: tuned.bestStep },
    options: { ...options },
    history: tuned.history,
  };
}
