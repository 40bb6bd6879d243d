/** Adam and SGD behind one face, for training that takes either. */
import type { Tensor } from "../tensor/graph.ts";
import { type AdamOptions, adamDefaults, adamStep } from "./adam.ts";
import { type SgdOptions, sgdDefaults, sgdStep } from "./sgd.ts";

/** An optimiser and its settings; those left out are the defaults. */
export type OptimizerOptions =
  | ({ readonly kind: "adam" } & Partial<AdamOptions>)
  | ({ readonly kind: "sgd" } & Partial<SgdOptions>);

/** Vectors by name. */
type Slots = Readonly<Record<string, Tensor>>;

/** An optimiser of one packed vector. */
export interface Optimizer {
  /** Names of the vectors that it keeps from step to step, all of the parameters' length, zeros before the first. */
  readonly slots: readonly string[];
  /**
   * Adds one step to a program.
   *
   * @param step 1 at the first step, a float scalar
   * @param rate the learning rate, a float scalar
   */
  update(
    parameter: Tensor,
    gradient: Tensor,
    slots: Slots,
    step: Tensor,
    rate: Tensor,
  ): { readonly parameter: Tensor; readonly slots: Slots };
}

/** The optimiser that options describe. */
export function optimizerOf(options: OptimizerOptions): Optimizer {
  if (options.kind === "adam") {
    const settings = { ...adamDefaults, ...options };
    return {
      slots: ["m", "v"],
      update(parameter, gradient, slots, step, rate) {
        const slot = { parameter, m: slots.m!, v: slots.v! };
        const { parameter: next, ...moved } = adamStep(slot, gradient, step, rate, settings);
        return { parameter: next, slots: moved };
      },
    };
  }
  const settings = { ...sgdDefaults, ...options };
  return {
    slots: ["velocity"],
    update(parameter, gradient, slots, _, rate) {
      const moved = sgdStep({ parameter, velocity: slots.velocity! }, gradient, rate, settings);
      return { parameter: moved.parameter, slots: { velocity: moved.velocity } };
    },
  };
}
