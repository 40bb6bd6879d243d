/** The search of Eq. 9: G, the mask of features and the target in one loop. */
import { grad } from "../../autodiff/grad.ts";
import { batchAt, pixelsOf } from "../../loops/batches.ts";
import { type LoopResult, runLoop } from "../../loops/loop.ts";
import type { ExaminedModel } from "../../models/examined-model.ts";
import type { GeneratorOptions } from "../../models/trigger-generator.ts";
import { float32, type TensorData } from "../../onnx/tensor-data.ts";
import { adamDefaults, adamStep } from "../../optim/adam.ts";
import { createRandom } from "../../random.ts";
import { compile, type Program } from "../../runtime/compile.ts";
import { Graph, type Tensor } from "../../tensor/graph.ts";
import {
  type GeneratorState,
  generatorInTraining,
  generatorLengths,
  stateFeeds,
  stateFrom,
} from "../../training/generator-state.ts";
import type { IdentificationSetup } from "../identification.ts";
import { type CleanScale, featureTerms, objective } from "./objective.ts";
import type { FeatureReOptions } from "./options.ts";

/** What the search starts from. */
export interface FeatureSearchStart {
  readonly examined: ExaminedModel;
  readonly scale: CleanScale;
  readonly generator: GeneratorOptions;
  readonly state: GeneratorState;
  /** Seconds since the epoch; null for none. */
  readonly deadline: number | null;
}

/** G, mask and target, each with Adam's means. */
export interface FeatureSearchState extends GeneratorState {
  /** M, [m] */
  readonly mask: Float32Array;
  readonly maskM: Float32Array;
  readonly maskV: Float32Array;
  /** y_t in standard deviations of each output from its mean, [d]. */
  readonly target: Float32Array;
  readonly targetM: Float32Array;
  readonly targetV: Float32Array;
}

/** M at the beginning, the publication's: m = 0.88, so that all features are replaced at first. */
const firstMask = 1;

/**
 * Runs the search.
 *
 * Reading: y_t begins at the mean clean output; the paper gives no start.
 *
 * Deviation: a step moves G, mask and target together, as Eq. 9 minimises over all of them; the publication takes turns.
 *
 * Throws what {@link runLoop} and {@link featureTerms} throw.
 */
export async function searchFeatures(
  setup: IdentificationSetup,
  start: FeatureSearchStart,
  options: FeatureReOptions,
): Promise<LoopResult<FeatureSearchState>> {
  const { examined, scale } = start;
  const { benign } = setup;
  const program = await searchProgram(setup, start, options);
  const random = createRandom(setup.seed).fork("search");
  try {
    return await runLoop<FeatureSearchState>(setup, {
      phase: "reverse engineering in feature space",
      steps: options.steps,
      key: `${setup.runKey}-search`,
      initial: newState(start.state, scale),
      deadline: start.deadline,
      toSaved: (state) => ({ ...state }),
      fromSaved: (arrays) => arrays as unknown as FeatureSearchState,
      async step(state, step) {
        const indices = batchAt(step, benign.shape[0], examined.batch, random);
        const results = await program.run({
          image: pixelsOf(benign, indices),
          ...stateFeeds(state, step, options.statisticsMomentum),
          ...Object.fromEntries(ownNames.map((name) => [name, float32(state[name])])),
          // The statistics are those of the pretrained G already: they are followed, not begun anew.
          keep: float32([options.statisticsMomentum], []),
        });
        return { state: stateOf(results), values: valuesOf(results, scale) };
      },
    });
  } finally {
    await program.release();
  }
}

const ownNames = ["mask", "maskM", "maskV", "target", "targetM", "targetV"] as const;

async function searchProgram(
  setup: IdentificationSetup,
  { examined, scale, generator }: FeatureSearchStart,
  options: FeatureReOptions,
): Promise<Program> {
  const [, c, h, w] = setup.benign.shape;
  const graph = new Graph();
  const image = graph.input("image", [examined.batch, c, h, w]);
  const state = Object.fromEntries(
    Object.entries(generatorLengths(generator)).map(([name, n]) => [name, graph.input(name, [n])]),
  ) as Record<keyof GeneratorState, Tensor>;
  const slot = (name: "mask" | "target", length: number) => {
    const [parameter, m, v] = [name, `${name}M`, `${name}V`].map((each) => graph.input(each, [length]));
    return { parameter: parameter!, m: m!, v: v! };
  };
  const width = scale.featureStd.length;
  const [mask, target] = [slot("mask", width), slot("target", scale.std.length)];
  const trained = generatorInTraining(image, state, generator);
  const inputs = {
    clean: image,
    generated: trained.image,
    mask: mask.parameter,
    target: target.parameter,
  };
  const terms = featureTerms(inputs, examined, scale);
  const loss = objective(terms, options, width);
  const gradients = grad(loss, [state.parameters, mask.parameter, target.parameter], setup.runtime);
  const [ofGenerator, ofMask, ofTarget] = gradients as [Tensor, Tensor, Tensor];
  const [step, keep] = [graph.input("step", []), graph.input("keep", [])];
  const adam = { ...adamDefaults, beta1: options.beta1, beta2: options.beta2 };
  const newMask = adamStep(mask, ofMask, step, options.maskLearningRate, adam);
  const newTarget = adamStep(target, ofTarget, step, options.targetLearningRate, adam);
  return await compile(setup.runtime, {
    loss,
    ...terms,
    ...trained.next(ofGenerator, { step, rate: options.learningRate, keep }, adam),
    mask: newMask.parameter,
    maskM: newMask.m,
    maskV: newMask.v,
    target: newTarget.parameter,
    targetM: newTarget.m,
    targetV: newTarget.v,
  });
}

function newState(generator: GeneratorState, scale: CleanScale): FeatureSearchState {
  const [m, d] = [scale.featureStd.length, scale.std.length];
  return {
    ...generator,
    mask: new Float32Array(m).fill(firstMask),
    maskM: new Float32Array(m),
    maskV: new Float32Array(m),
    target: new Float32Array(d),
    targetM: new Float32Array(d),
    targetV: new Float32Array(d),
  };
}

function stateOf(results: Readonly<Record<string, TensorData>>): FeatureSearchState {
  const own = Object.fromEntries(ownNames.map((name) => [name, results[name]!.data as Float32Array]));
  return { ...stateFrom(results), ...(own as Record<(typeof ownNames)[number], Float32Array>) };
}

function valuesOf(
  results: Readonly<Record<string, TensorData>>,
  { mean, std }: CleanScale,
): Record<string, number> {
  const scalar = (name: string): number => (results[name]!.data as Float32Array)[0]!;
  const target = [...(results.target!.data as Float32Array)].map(
    (value, j) => [`target ${j}`, mean[j]! + std[j]! * value] as const,
  );
  return {
    loss: scalar("loss"),
    error: scalar("error"),
    perturbation: scalar("perturbation"),
    spread: scalar("spread"),
    maskShare: scalar("maskShare"),
    ...Object.fromEntries(target),
  };
}
