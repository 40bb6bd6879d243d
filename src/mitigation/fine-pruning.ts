/** Fine-pruning for regression: features that clean images leave dormant are cut off, and the rest is fine-tuned. */

import { DrmGuardError } from "../errors.ts";
import { examineFor } from "../identification/contrast/fitting.ts";
import { collectRows, pixelsOf } from "../loops/batches.ts";
import { applyModel, type ExaminedModel } from "../models/examined-model.ts";
import { assertDenseHead, type Head } from "../models/split.ts";
import { sizeOf } from "../onnx/tensor-data.ts";
import { compile } from "../runtime/compile.ts";
import { abs } from "../tensor/elementwise.ts";
import { Graph } from "../tensor/graph.ts";
import { fineTune } from "./fine-tuning.ts";
import type { Mitigation, MitigationSetup } from "./mitigation.ts";
import { assertFinePruningOptions, type FinePruningOptions } from "./options.ts";
import type { TrainableWeights } from "./trainable-weights.ts";
import { weightedModel } from "./trained-model.ts";

/** Images at once where nothing is differentiated. */
const measuringBatch = 32;

/** A feature: an element of F(x), and the places in the packed vector of what the heads weigh it with. */
interface Feature {
  readonly activation: number;
  readonly weights: readonly number[];
}

/**
 * Prunes and fine-tunes. The features F(x) of the last dense layers are ranked by their mean activation on clean images, and those that are
 * most dormant are cut off, one part after the other, as long as the error on the validation images does not rise by more
 * than is allowed. Then the rest is fine-tuned on clean images; what was cut off stays so.
 *
 * Source: Liu et al. 2018, "Fine-Pruning", which prunes channels of the last convolution. Behind a mean over pixels a feature is
 * such a channel. Reading: what a classifier may lose of its accuracy is here what the error may rise by.
 *
 * Throws E_NO_DENSE_HEAD when there is no last dense layer, or its weight cannot be trained, and what {@link fineTune} throws.
 */
export async function finePrune(setup: MitigationSetup, options: FinePruningOptions): Promise<Mitigation> {
  assertFinePruningOptions(options);
  const { runtime, weights, validation, maxDegradation, onEvent } = setup;
  const count = setup.training.clean.shape[0];
  const examined = await examineFor(
    { ...setup, benign: setup.training.clean },
    setup.model.fixedBatch ?? Math.min(measuringBatch, count),
  );
  assertDenseHead(examined.split, "fine-pruning");
  const features = await rankedFeatures(setup, examined);
  const meter = await weightedModel(runtime, examined, setup);
  const clean = { ...validation, triggered: [] };
  const kept = new Float32Array(weights.values.length).fill(1);
  let pruned = 0;
  try {
    const limit = (1 + maxDegradation) * (await meter.errors(weights.values, clean)).clean;
    const part = Math.max(1, Math.round(options.prunedAtOnce * features.length));
    const rounds = Math.ceil(features.length / part) - 1;
    onEvent({ kind: "phase", phase: "pruning", steps: rounds });
    for (let round = 1; round <= rounds; round++) {
      const tried = kept.slice();
      for (const feature of features.slice(pruned, round * part))
        for (const at of feature.weights) tried[at] = 0;
      const { clean: error } = await meter.errors(masked(weights.values, tried), clean);
      onEvent({ kind: "step", phase: "pruning", step: round, steps: rounds, values: { cleanError: error } });
      if (!(error <= limit)) break;
      kept.set(tried);
      pruned = round * part;
    }
  } finally {
    await meter.release();
  }
  const tuned = await fineTune(setup, options, {
    phase: "fine-tuning what is left",
    initial: masked(weights.values, kept),
    hasTriggers: false,
    kept,
  });
  return {
    weights: tuned.weights,
    isComplete: tuned.steps === options.steps,
    measures: { features: features.length, pruned, steps: tuned.steps, bestStep: tuned.bestStep },
    options: { ...options },
    history: tuned.history,
  };
}

function masked(weights: Float32Array, kept: Float32Array): Float32Array {
  return weights.map((value, i) => value * kept[i]!);
}

/** All features, the most dormant first. */
async function rankedFeatures(setup: MitigationSetup, examined: ExaminedModel): Promise<Feature[]> {
  const { clean } = setup.training;
  const [count, ...imageShape] = clean.shape;
  const { heads } = examined.split;
  const starts = startsOf(setup.weights);
  const image = new Graph().input("image", [examined.batch, ...imageShape]);
  const { features } = applyModel(examined, image);
  const outputs = Object.fromEntries(features.map((h, k) => [String(k), abs(h)]));
  const program = await compile(setup.runtime, outputs);
  try {
    const rows = await collectRows(count, examined.batch, async (indices) => {
      const results = await program.run({ image: pixelsOf(clean, indices) });
      return Object.fromEntries(Object.keys(outputs).map((k) => [k, results[k]!.data as Float32Array]));
    });
    // Heads that read the same tensor share its features.
    const names = [...new Set(heads.map(({ feature }) => feature))];
    return names
      .flatMap((name): Feature[] => {
        const reading = heads.filter(({ feature }) => feature === name);
        const { width } = reading[0]!;
        const values = rows[String(heads.indexOf(reading[0]!))]!;
        return Array.from({ length: width }, (_, i) => ({
          activation: meanOfColumn(values, width, i),
          weights: reading.flatMap((head) => placesOf(head, i, starts)),
        }));
      })
      .sort((a, b) => a.activation - b.activation);
  } finally {
    await program.release();
  }
}

function meanOfColumn(values: Float32Array, width: number, column: number): number {
  let total = 0;
  for (let at = column; at < values.length; at += width) total += values[at]!;
  return (total * width) / values.length;
}

/** Where each weight begins in the packed vector. */
function startsOf({ packing }: TrainableWeights): Map<string, number> {
  let start = 0;
  return new Map(
    packing.map(({ name, shape }) => {
      const at = start;
      start += sizeOf(shape);
      return [name, at];
    }),
  );
}

/** The places of what a head weighs a feature with. */
function placesOf(
  { weight, layout, rows, width, node }: Head,
  i: number,
  starts: ReadonlyMap<string, number>,
): number[] {
  const start = starts.get(weight);
  if (start === undefined) {
    throw new DrmGuardError(
      "E_NO_DENSE_HEAD",
      `found ${weight} of ${node}, expected a weight that can be trained`,
    );
  }
  return Array.from(
    { length: rows },
    (_, row) => start + (layout === "rows" ? row * width + i : i * rows + row),
  );
}
