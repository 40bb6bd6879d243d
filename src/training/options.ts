/** How a network is trained. */
import type { NetworkOptions } from "../models/networks/network.ts";
import type { OptimizerOptions } from "../optim/optimizer.ts";
import type { Schedule } from "../optim/schedule.ts";
import type { LossKind } from "./losses.ts";

/** One training. */
export interface TrainingOptions {
  readonly network: NetworkOptions;
  readonly loss: LossKind;
  readonly optimizer: OptimizerOptions;
  readonly schedule: Schedule;
  readonly steps: number;
  /** Images in a step. */
  readonly batch: number;
  /** The weight that the running statistics of batch norm keep at a step. */
  readonly statisticsMomentum: number;
  readonly seed: number;
}

/** What a recipe leaves open: the network, which depends on the data. */
export type TrainingRecipe = Omit<TrainingOptions, "network" | "seed">;

/**
 * What all of the paper's trainings have in common: the L1 loss (appendix A.4) and Adam.
 *
 * Reading: the paper does not say how large a batch is; 50 is what it reverse engineers triggers with. 0.99 is what
 * batch norm keeps by default in the authors' framework.
 */
const common = {
  loss: "l1",
  optimizer: { kind: "adam" },
  batch: 50,
  statisticsMomentum: 0.99,
} as const satisfies Partial<TrainingRecipe>;

/**
 * The paper's schedules by data set (appendix A.4), and `desk`, with which ResNet-18 at a quarter of its width learns from
 * 16,000 heads of 64 px and their mirror images in minutes. A rate that rises high and falls to nothing was better there than one
 * that falls at milestones: 5.2 in place of 5.7 degrees after 1,500 steps.
 */
export const trainingRecipes = {
  desk: {
    ...common,
    batch: 48,
    steps: 5000,
    schedule: { rate: 5e-3, warmUp: 0.05 },
    statisticsMomentum: 0.98,
  },
  mpiifacegaze: { ...common, steps: 10_000, schedule: { rate: 1e-4, milestones: [], factor: 0.1 } },
  columbia: { ...common, steps: 10_000, schedule: { rate: 1e-3, milestones: [5000, 9000], factor: 0.1 } },
  biwi: { ...common, steps: 5000, schedule: { rate: 1e-4, milestones: [], factor: 0.1 } },
  pandora: { ...common, steps: 10_000, schedule: { rate: 1e-4, milestones: [5000], factor: 0.1 } },
} as const satisfies Readonly<Record<string, TrainingRecipe>>;

/** A recipe of another length; milestones move with it. */
export function withSteps(recipe: TrainingRecipe, steps: number): TrainingRecipe {
  const { schedule } = recipe;
  if ("warmUp" in schedule) return { ...recipe, steps };
  const milestones = schedule.milestones.map((milestone) => Math.round((milestone * steps) / recipe.steps));
  return { ...recipe, steps, schedule: { ...schedule, milestones } };
}
