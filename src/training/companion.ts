/** What is trained together with a network: an attack that learns its own trigger is one. */
import type { Random } from "../random.ts";
import type { Tensor } from "../tensor/graph.ts";

/** What a companion gets in the program of a step. */
export interface CompanionInputs {
  /** The images of the batch, [N, C, H, W] in [0, 1]. */
  readonly image: Tensor;
  /** The other images that it wants, [K, C, H, W] in [0, 1]; null where it wants none. */
  readonly others: Tensor | null;
  /** The vectors of the state by their names, the companion's own among them. */
  readonly state: Readonly<Record<string, Tensor>>;
  /** 1 at the first step, a scalar. */
  readonly step: Tensor;
  /** Its learning rate, a scalar. */
  readonly rate: Tensor;
  /** The weight that running statistics keep, a scalar. */
  readonly keep: Tensor;
}

/** A companion inside a program. */
export interface CompanionInProgram {
  /** The images that the network sees in place of the batch's, [N, C, H, W]. */
  readonly image: Tensor;
  /** What is minimised beside the network's loss, a scalar. */
  readonly loss: Tensor;
  /** The vector of its state that is differentiated by. */
  readonly parameters: Tensor;
  /**
   * All vectors of its next state, by their names.
   *
   * @param gradient of everything that is minimised, with respect to `parameters`
   */
  readonly next: (gradient: Tensor) => Readonly<Record<string, Tensor>>;
}

/** Something that changes the images of every step of a training, adds to its loss, and is trained with it. */
export interface Companion {
  /** The names of the vectors of its state, none of them one of the network's, and their lengths. */
  readonly lengths: Readonly<Record<string, number>>;
  /** Its state before the first step. */
  readonly initial: (random: Random) => Readonly<Record<string, Float32Array>>;
  /** How many images it wants beside those of a batch. */
  readonly others: number;
  /**
   * Its learning rate at a step.
   *
   * @param step from 0
   * @param steps of the whole training
   */
  readonly rateAt: (step: number, steps: number) => number;
  /** Adds it to the program of a step. */
  readonly write: (inputs: CompanionInputs) => CompanionInProgram;
}
