/** Adversarial neuron pruning for regression: channels that a model is most easily disturbed by are cut off. */
import { grad } from "../autodiff/grad.ts";
import { DrmGuardError } from "../errors.ts";
import { batchAt, pixelsOf, rowsOf } from "../loops/batches.ts";
import { runLoop } from "../loops/loop.ts";
import { columnVariances } from "../metrics/statistics.ts";
import { applyModel, type ExaminedModel } from "../models/examined-model.ts";
import { float32, sizeOf, type TensorData } from "../onnx/tensor-data.ts";
import { createRandom, type Random } from "../random.ts";
import { compile } from "../runtime/compile.ts";
import { abs, add, clip, div, mul, sign, sub } from "../tensor/elementwise.ts";
import { Graph, type Tensor } from "../tensor/graph.ts";
import { mean } from "../tensor/reduction.ts";
import { assertSavedState } from "../training/saved-state.ts";
import { type ChannelLayer, channelLayers, scaledChannels } from "./channels.ts";
import { examineForStep } from "./fine-tuning.ts";
import type { Mitigation, MitigationSetup } from "./mitigation.ts";
import { type AnpOptions, assertAnpOptions } from "./options.ts";
import { weightedModel } from "./trained-model.ts";

/** Masks of at most this are tried as pruned, in turn. */
const thresholds = Array.from({ length: 20 }, (_, k) => k / 20);

interface MaskState {
  /** m, [M] */
  readonly masks: Float32Array;
  readonly velocity: Float32Array;
}

/**
 * Learns a mask of every channel and prunes those whose mask is low: min over m in [0, 1] of
 * alpha L(m) + (1 - alpha) max_d L(m + d), where d disturbs the scales and shifts of channels by at most epsilon. The highest
 * threshold is taken at which the error on the validation images does not rise by more than is allowed; shifts stay.
 *
 * Source: Wu and Wang 2021, "Adversarial Neuron Pruning", whose scales and shifts are those of batch norm; where there is none, or it
 * is folded, they are the weights and the bias of the convolution. Reading: the loss is the L1 error in standard deviations of
 * the labels, which is of the size of the cross entropy that the publication's numbers are for. Deviation: running statistics do not move.
 *
 * Throws E_UNSUPPORTED_OPERATOR when there is no convolution, E_USAGE for options out of their range, and what {@link runLoop} throws.
 */
export async function pruneAdversarially(setup: MitigationSetup, options: AnpOptions): Promise<Mitigation> {
  assertAnpOptions(options);
  const { runtime, training, validation, weights, maxDegradation } = setup;
  const examined = await examineForStep(setup, options.batch);
  const layers = channelLayers(examined.instance, weights);
  const count = layers.reduce((total, { channels }) => total + channels, 0);
  if (count === 0) {
    throw new DrmGuardError(
      "E_UNSUPPORTED_OPERATOR",
      "found no convolution, expected one whose channels can be pruned",
    );
  }
  const program = await compile(runtime, maskStep(setup, examined, layers, options));
  const meter = await weightedModel(runtime, examined, setup);
  const random = createRandom(setup.seed).fork("anp");
  const [images, d] = [training.clean.shape[0], training.labels.length / training.clean.shape[0]];
  try {
    const { state, steps, history } = await runLoop<MaskState>(setup, {
      phase: "learning masks",
      steps: options.steps,
      key: `${setup.runKey}-masks`,
      initial: { masks: new Float32Array(count).fill(1), velocity: new Float32Array(count) },
      deadline: setup.deadline,
      keepsEnd: true,
      toSaved: (saved) => ({ ...saved }),
      fromSaved: (arrays) => assertSavedState(arrays, { masks: count, velocity: count }),
      async step({ masks, velocity }, step) {
        const indices = batchAt(step, images, examined.batch, random);
        const ofStep = random.fork(`noise ${step}`);
        const results = await program.run({
          image: pixelsOf(training.clean, indices),
          labels: rowsOf(training.labels, [d], indices),
          masks: float32(masks),
          velocity: float32(velocity),
          scaleNoise: noise(ofStep, count, options.epsilon),
          shiftNoise: noise(ofStep, count, options.epsilon),
        });
        const array = (name: string): Float32Array => results[name]!.data as Float32Array;
        return {
          state: { masks: array("masks"), velocity: array("velocity") },
          values: { loss: array("loss")[0]!, disturbedLoss: array("disturbed")[0]! },
        };
      },
    });
    const clean = { ...validation, triggered: [] };
    const limit = (1 + maxDegradation) * (await meter.errors(weights.values, clean)).clean;
    let best = { weights: weights.values, threshold: -1, pruned: 0 };
    for (const threshold of thresholds) {
      const tried = prunedWeights(setup, layers, state.masks, threshold);
      if (tried.pruned === best.pruned) continue;
      const { clean: error } = await meter.errors(tried.weights, clean);
      if (!(error <= limit)) break;
      best = { ...tried, threshold };
    }
    return {
      weights: best.weights,
      isComplete: steps === options.steps,
      measures: { channels: count, pruned: best.pruned, threshold: best.threshold, steps },
      options: { ...options },
      history,
    };
  } finally {
    await program.release();
    await meter.release();
  }
}

function noise(random: Random, count: number, epsilon: number): TensorData {
  return float32(Float32Array.from({ length: count }, () => epsilon * (2 * random.uniform() - 1)));
}

/** One step: the noise climbs by the sign of its gradient, and then the masks descend. */
function maskStep(
  { training }: MitigationSetup,
  examined: ExaminedModel,
  layers: readonly ChannelLayer[],
  { alpha, epsilon, learningRate, momentum }: AnpOptions,
): Record<string, Tensor> {
  const { batch, instance } = examined;
  const [images, ...imageShape] = training.clean.shape;
  const d = training.labels.length / images;
  const count = layers.reduce((total, { channels }) => total + channels, 0);
  const graph = new Graph();
  const image = graph.input("image", [batch, ...imageShape]);
  const labels = graph.input("labels", [batch, d]);
  const [masks, velocity, scaleNoise, shiftNoise] = ["masks", "velocity", "scaleNoise", "shiftNoise"].map(
    (name) => graph.input(name, [count]),
  ) as [Tensor, Tensor, Tensor, Tensor];
  const spread = columnVariances(training.labels, d).map((value) => Math.max(Math.sqrt(value), 1e-6));
  const unit = graph.constant(float32(spread, [1, d]));
  const ones = graph.constant(float32(new Float32Array(count).fill(1)), "ones");
  const lossOf = (factors: Tensor, shiftFactors: Tensor): Tensor => {
    const weights = scaledChannels(layers, instance, factors, shiftFactors);
    return mean(abs(div(sub(applyModel(examined, image, weights).outputs, labels), unit)));
  };
  const begun = lossOf(add(masks, scaleNoise), add(ones, shiftNoise));
  const [byScale, byShift] = grad(begun, [scaleNoise, shiftNoise]) as [Tensor, Tensor];
  const climbed = (from: Tensor, gradient: Tensor): Tensor => add(from, mul(sign(gradient), epsilon));
  const disturbed = lossOf(add(masks, climbed(scaleNoise, byScale)), add(ones, climbed(shiftNoise, byShift)));
  const loss = lossOf(masks, ones);
  const [gradient] = grad(add(mul(loss, alpha), mul(disturbed, 1 - alpha)), [masks]) as [Tensor];
  const moved = add(mul(velocity, momentum), gradient);
  return { loss, disturbed, masks: clip(sub(masks, mul(moved, learningRate)), 0, 1), velocity: moved };
}

/** Weights with the channels set to 0 whose mask is at most a threshold. */
function prunedWeights(
  { weights }: MitigationSetup,
  layers: readonly ChannelLayer[],
  masks: Float32Array,
  threshold: number,
): { weights: Float32Array; pruned: number } {
  const result = weights.values.slice();
  let [start, pruned] = [0, 0];
  const places = new Map<string, number>();
  for (const { name, shape } of weights.packing) {
    places.set(name, start);
    start += sizeOf(shape);
  }
  const sizes = new Map(weights.packing.map(({ name, shape }) => [name, sizeOf(shape)]));
  let channel = 0;
  for (const { scale, channels } of layers) {
    const length = sizes.get(scale)! / channels;
    const at = places.get(scale)!;
    for (let c = 0; c < channels; c++, channel++) {
      if (masks[channel]! > threshold) continue;
      result.fill(0, at + c * length, at + (c + 1) * length);
      pruned += 1;
    }
  }
  return { weights: result, pruned };
}
