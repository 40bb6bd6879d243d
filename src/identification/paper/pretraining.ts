/** Identity pretraining of G: it does not depend on the model, so it is kept for each set of images. */
import type { ImageSet } from "../../data/image-set.ts";
import { batchAt, pixelsOf } from "../../loops/batches.ts";
import { runLoop } from "../../loops/loop.ts";
import type { GeneratorOptions } from "../../models/trigger-generator.ts";
import { createRandom } from "../../random.ts";
import { compile } from "../../runtime/compile.ts";
import { abs, sub } from "../../tensor/elementwise.ts";
import { Graph } from "../../tensor/graph.ts";
import { mean } from "../../tensor/reduction.ts";
import {
  type GeneratorState,
  newGeneratorState,
  stateFeeds,
  stateFrom,
  trainGenerator,
  withFreshOptimizer,
} from "../../training/generator-state.ts";
import type { IdentificationSetup } from "../identification.ts";
import type { PaperOptions } from "./options.ts";

/** The options that pretraining depends on. */
export type PretrainingOptions = Pick<
  PaperOptions,
  "pretrainingSteps" | "pretrainingLearningRate" | "statisticsMomentum"
>;

/** A pretrained generator, and how it came about. */
export interface Pretrained {
  readonly state: GeneratorState;
  readonly steps: number;
  readonly fromCache: boolean;
}

/**
 * Trains G to reproduce clean images: min mean |G(x) - x|.
 *
 * Reading: the paper says "pre-trained" and gives no loss; identity under the L1 norm is what Eq. 5 starts from.
 *
 * Throws what {@link runLoop} throws.
 */
export async function pretrainGenerator(
  setup: IdentificationSetup,
  generator: GeneratorOptions,
  options: PretrainingOptions,
  batch: number,
  deadline: number | null,
): Promise<Pretrained> {
  const { checkpoints, benign, seed } = setup;
  const key = pretrainingKey(setup.dataKey, benign, seed, generator, options, batch);
  const known = await checkpoints.load(`${key}-done`);
  if (known !== null) {
    const { parameters, statistics } = known.arrays as { parameters: Float32Array; statistics: Float32Array };
    const steps = (known.json as { steps: number }).steps;
    return { state: withFreshOptimizer({ parameters, statistics }), steps, fromCache: true };
  }
  const random = createRandom(seed).fork("pretraining");
  const image = new Graph().input("image", [batch, ...benign.shape.slice(1)]);
  const trained = trainGenerator(image, generator, options.pretrainingLearningRate);
  const l1 = mean(abs(sub(trained.image, image)));
  const program = await compile(setup.runtime, { l1, ...trained.update(l1) });
  try {
    const result = await runLoop(setup, {
      phase: "pretraining the generator",
      steps: options.pretrainingSteps,
      key,
      initial: newGeneratorState(generator, random.fork("weights")),
      deadline,
      toSaved: (state) => ({ ...state }),
      fromSaved: (arrays) => arrays as unknown as GeneratorState,
      async step(state, step) {
        const indices = batchAt(step, benign.shape[0], batch, random);
        const feeds = {
          image: pixelsOf(benign, indices),
          ...stateFeeds(state, step, options.statisticsMomentum),
        };
        const results = await program.run(feeds);
        return { state: stateFrom(results), values: { l1: (results.l1!.data as Float32Array)[0]! } };
      },
    });
    const state = withFreshOptimizer(result.state);
    if (result.steps === options.pretrainingSteps) {
      await checkpoints.save(`${key}-done`, {
        arrays: { parameters: state.parameters, statistics: state.statistics },
        json: { steps: result.steps },
      });
    }
    return { state, steps: result.steps, fromCache: false };
  } finally {
    await program.release();
  }
}

function pretrainingKey(
  dataKey: string,
  { shape: [, c, h, w] }: ImageSet,
  seed: number,
  { baseChannels }: GeneratorOptions,
  { pretrainingSteps, pretrainingLearningRate, statisticsMomentum }: PretrainingOptions,
  batch: number,
): string {
  const parts = [
    dataKey.slice(0, 16),
    `${c}x${h}x${w}`,
    seed,
    baseChannels,
    pretrainingSteps,
    pretrainingLearningRate,
    statisticsMomentum,
    batch,
  ];
  return `generator-${parts.join("-")}`;
}
