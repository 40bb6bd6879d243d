/** The second stage of the input-aware attack: G learns patterns while the network learns to take them for the target. */
import { rateAt, scheduleOver } from "../../optim/schedule.ts";
import type { Random } from "../../random.ts";
import { mul } from "../../tensor/elementwise.ts";
import type { Tensor } from "../../tensor/graph.ts";
import { concat, slice } from "../../tensor/movement.ts";
import type { Companion } from "../../training/companion.ts";
import {
  type GeneratorState,
  generatorInTraining,
  generatorLengths,
  newGeneratorState,
} from "../../training/generator-state.ts";
import type { InputAwareOptions } from "../options.ts";
import { blend, diversity, maskOf } from "./formulas.ts";
import {
  type FrozenGenerator,
  frozenGenerator,
  inputAwareAdam,
  maskNetwork,
  patternNetwork,
} from "./networks.ts";

const vectors = ["parameters", "m", "v", "statistics"] as const satisfies readonly (keyof GeneratorState)[];

/** The name of one of G's vectors in the state of the training. */
export const patternVector = (name: keyof GeneratorState): string => `pattern.${name}`;

function toState<T>(ofPattern: Readonly<Record<keyof GeneratorState, T>>): Record<string, T> {
  return Object.fromEntries(vectors.map((name) => [patternVector(name), ofPattern[name]]));
}

function ofState<T>(state: Readonly<Record<string, T>>): Record<keyof GeneratorState, T> {
  return Object.fromEntries(vectors.map((name) => [name, state[patternVector(name)]!])) as Record<
    keyof GeneratorState,
    T
  >;
}

/**
 * The companion of a network that learns the backdoor. Of n attack rows and n others it makes the batch that the
 * network sees: n images with their own pattern and mask, c <= n cross images with those of others, and the rest as it is.
 * It adds lambda_diversity times the diversity of the patterns of attack rows and others.
 *
 * Deviation: attack rows and others go through G in one run, so batch norm normalises them together; they are too few
 * each to do it alone.
 *
 * @param imageChannels C
 * @param rows n
 * @param crossRows c
 * @param mask M, which does not change any more
 */
export function inputAwareCompanion(
  imageChannels: number,
  rows: number,
  crossRows: number,
  mask: FrozenGenerator,
  {
    baseChannels,
    lambdaDiversity,
    pattern,
  }: Pick<InputAwareOptions, "baseChannels" | "lambdaDiversity" | "pattern">,
): Companion {
  const network = patternNetwork(imageChannels, baseChannels);
  return {
    lengths: toState(generatorLengths(network)),
    initial: (random: Random) => toState({ ...newGeneratorState(network, random) }),
    others: rows,
    rateAt: (step, steps) => rateAt(scheduleOver(pattern, steps), step, steps),
    write({ image, others, state, step, rate, keep }) {
      const part = (x: Tensor, start: number, end: number): Tensor => slice(x, [{ axis: 0, start, end }]);
      const attacked = part(image, 0, rows);
      const sources = concat([attacked, others!], 0);
      const trained = generatorInTraining(sources, ofState(state), network);
      const masks = maskOf(frozenGenerator(sources, mask, maskNetwork(imageChannels, baseChannels)));
      const count = image.shape[0]!;
      const used = rows + crossRows;
      const changed = blend(part(image, 0, used), part(trained.image, 0, used), part(masks, 0, used));
      const patterns = [part(trained.image, 0, rows), part(trained.image, rows, 2 * rows)] as const;
      return {
        image: count === used ? changed : concat([changed, part(image, used, count)], 0),
        loss: mul(diversity([attacked, others!], patterns), lambdaDiversity),
        parameters: state[patternVector("parameters")]!,
        next: (gradient) => toState(trained.next(gradient, { step, rate, keep }, inputAwareAdam)),
      };
    },
  };
}
