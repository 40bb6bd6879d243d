/** The first stage of the input-aware attack: M learns masks that are small and differ from image to image. */
import type { ImageSet } from "../../data/image-set.ts";
import { batchAt, pixelsOf } from "../../loops/batches.ts";
import { runLoop } from "../../loops/loop.ts";
import type { Work } from "../../loops/work.ts";
import { float32 } from "../../onnx/tensor-data.ts";
import { rateAt, scheduleOver } from "../../optim/schedule.ts";
import { createRandom } from "../../random.ts";
import { compile } from "../../runtime/compile.ts";
import type { Runtime } from "../../runtime/runtime.ts";
import { add, mul } from "../../tensor/elementwise.ts";
import { Graph, type Tensor } from "../../tensor/graph.ts";
import { concat, slice } from "../../tensor/movement.ts";
import {
  type GeneratorState,
  generatorLengths,
  newGeneratorState,
  stateFeeds,
  stateFrom,
  trainGenerator,
} from "../../training/generator-state.ts";
import { assertSavedState } from "../../training/saved-state.ts";
import type { InputAwareOptions } from "../options.ts";
import { diversity, excess, maskOf } from "./formulas.ts";
import { type FrozenGenerator, inputAwareAdam, maskNetwork } from "./networks.ts";

/** The weight that running statistics keep at a step: PyTorch's momentum of 0.05, which the publication has. */
const statisticsMomentum = 0.95;

/** What the training of M is given beside images and options. */
export interface MaskTraining {
  /** Pairs of images in a step. */
  readonly pairs: number;
  readonly seed: number;
  /** Where an unfinished state is saved; what is finished is under `<key>-done`. */
  readonly key: string;
}

/**
 * Trains M on clean images alone: lambda_density mean(relu(m(x1) - density)) + lambda_diversity diversity of the masks
 * of x1 and x2, which come from two permutations that know nothing of each other.
 *
 * Deviation: both images of a pair go through M in one run, so batch norm normalises them together.
 *
 * Throws what {@link runLoop} throws, E_RESUME when what is saved under the key is of another network.
 */
export async function trainMask(
  runtime: Runtime,
  work: Work,
  clean: ImageSet,
  { baseChannels, mask: options }: Pick<InputAwareOptions, "baseChannels" | "mask">,
  { pairs, seed, key }: MaskTraining,
): Promise<FrozenGenerator> {
  const [count, ...imageShape] = clean.shape;
  const network = maskNetwork(imageShape[0]!, baseChannels);
  const lengths = generatorLengths(network);
  const done = await work.checkpoints.load(`${key}-done`);
  if (done !== null) {
    const { parameters, statistics } = lengths;
    return assertSavedState(done.arrays, { parameters, statistics });
  }
  const graph = new Graph();
  const [first, second] = ["first", "second"].map((name) => graph.input(name, [pairs, ...imageShape])) as [
    Tensor,
    Tensor,
  ];
  const trained = trainGenerator(
    concat([first, second], 0),
    network,
    graph.input("rate", []),
    inputAwareAdam,
  );
  const masks = maskOf(trained.image);
  const ofFirst = slice(masks, [{ axis: 0, start: 0, end: pairs }]);
  const ofSecond = slice(masks, [{ axis: 0, start: pairs, end: 2 * pairs }]);
  const terms = {
    excess: excess(ofFirst, options.density),
    diversity: diversity([first, second], [ofFirst, ofSecond]),
  };
  const loss = add(mul(terms.excess, options.lambdaDensity), mul(terms.diversity, options.lambdaDiversity));
  const random = createRandom(seed).fork("mask");
  const orders = { first: random.fork("first"), second: random.fork("second") };
  const schedule = scheduleOver(options, options.steps);
  const program = await compile(runtime, { loss, ...terms, ...trained.update(loss) });
  try {
    const { state } = await runLoop<GeneratorState>(work, {
      phase: "training the mask",
      steps: options.steps,
      key,
      initial: newGeneratorState(network, random.fork("weights")),
      deadline: null,
      toSaved: (current) => ({ ...current }),
      fromSaved: (arrays) => assertSavedState(arrays, lengths),
      async step(current, step) {
        const results = await program.run({
          first: pixelsOf(clean, batchAt(step, count, pairs, orders.first)),
          second: pixelsOf(clean, batchAt(step, count, pairs, orders.second)),
          rate: float32([rateAt(schedule, step, options.steps)], []),
          ...stateFeeds(current, step, statisticsMomentum),
        });
        const scalar = (name: string): number => (results[name]!.data as Float32Array)[0]!;
        const values = { loss: scalar("loss"), excess: scalar("excess"), diversity: scalar("diversity") };
        return { state: stateFrom(results), values };
      },
    });
    const { parameters, statistics } = state;
    await work.checkpoints.save(`${key}-done`, { arrays: { parameters, statistics }, json: {} });
    return { parameters, statistics };
  } finally {
    await program.release();
  }
}
