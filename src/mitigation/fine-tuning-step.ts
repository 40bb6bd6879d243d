/** A step of fine-tuning: the gradient by the weights, of rows in lanes, and a step of Adam. */
import { grad } from "../autodiff/grad.ts";
import { examineFor } from "../identification/contrast/fitting.ts";
import { float32, type TensorData } from "../onnx/tensor-data.ts";
import { optimizerOf } from "../optim/optimizer.ts";
import { packedLength } from "../optim/packing.ts";
import { compile } from "../runtime/compile.ts";
import { compileRows, partsOf } from "../runtime/rows.ts";
import { add, mul, sub } from "../tensor/elementwise.ts";
import { Graph, type Tensor } from "../tensor/graph.ts";
import { reshape } from "../tensor/movement.ts";
import { sum } from "../tensor/reduction.ts";
import { regressionLoss } from "../training/losses.ts";
import type { MitigationSetup } from "./mitigation.ts";
import { applyWithWeights } from "./trained-model.ts";

/** What a step changes, each [n]. */
export interface TunedVectors {
  readonly weights: Float32Array;
  /** Adam's mean of gradients. */
  readonly m: Float32Array;
  /** Adam's mean of squared gradients. */
  readonly v: Float32Array;
  /** A mean of weights. */
  readonly average: Float32Array;
}

/** What a step goes by. */
export interface TuningRows {
  /** [B, C, H, W] in [0, 1] */
  readonly image: TensorData;
  /** What outputs are to be, [B, d]. */
  readonly wanted: TensorData;
  /** 1 at the first step. */
  readonly step: number;
  /** The learning rate. */
  readonly rate: number;
  /** The part of the average that stays: 0 to take the new weights in its place. */
  readonly keep: number;
}

/** What a step gives. */
export interface Tuned extends TunedVectors {
  /** The mean over the rows and outputs of |f(x) - wanted|, before the step. */
  readonly loss: number;
  /** The gradient of the loss by the rows, [B, C, H, W]; nothing where it is not asked for. */
  readonly imageGradient: Float32Array;
}

/** A step that is ready to run. */
export interface FineTuningStep {
  run(before: TunedVectors, rows: TuningRows): Promise<Tuned>;
  /** Gives the memory back. */
  release(): Promise<void>;
}

/** What a step is of. */
type StepSetup = Pick<
  MitigationSetup,
  "runtime" | "model" | "weights" | "preprocessing" | "features" | "outputs" | "training"
>;

/**
 * Compiles a step: the L1 loss and its gradient by the packed weights for B rows, and Adam.
 *
 * Rows meet in the sum of their gradients alone, since batch norm is in inference, so they are cut into as many parts as the runtime has lanes; those of a file that fixes its batch
 * stay together.
 *
 * Throws E_NO_GRADIENT when an operator has no rule, E_RUNTIME when the runtime refuses it.
 *
 * @param batch B, a multiple of the file's own batch where it fixes one
 * @param kept 0 for weights that stay 0, [n]; null for none
 * @param isPerturbed whether the gradient by the rows is wanted too
 */
export async function fineTuningStep(
  setup: StepSetup,
  batch: number,
  kept: Float32Array | null,
  isPerturbed: boolean,
): Promise<FineTuningStep> {
  const { weights, training } = setup;
  const n = packedLength(weights.packing);
  const [, ...imageShape] = training.clean.shape;
  const runtime = { ...setup.runtime, lanes: stepLanes(setup) };
  const gradient = await compileRows(runtime, batch, ["weights"], (rows) =>
    gradientOf(setup, rows, rows / batch, imageShape, isPerturbed),
  );
  const parts = partsOf(batch, runtime.lanes).length;
  const update = await compile(runtime, updateOf(n, parts, kept));
  return {
    async run({ weights: values, m, v, average }, { image, wanted, step, rate, keep }) {
      const vector = (data: Float32Array): TensorData => float32(data, [n]);
      const scalar = (value: number): TensorData => float32([value], []);
      const ofRows = await gradient.run({ image, labels: wanted, weights: vector(values) });
      const losses = ofRows.loss!.data as Float32Array;
      const moved = await update.run({
        gradient: ofRows.gradient!,
        weights: vector(values),
        m: vector(m),
        v: vector(v),
        average: vector(average),
        step: scalar(step),
        rate: scalar(rate),
        keep: scalar(keep),
      });
      const array = (name: string): Float32Array => moved[name]!.data as Float32Array;
      return {
        loss: losses.reduce((total, part) => total + part, 0),
        imageGradient: (ofRows.imageGradient?.data as Float32Array | undefined) ?? new Float32Array(0),
        weights: array("weights"),
        m: array("m"),
        v: array("v"),
        average: array("average"),
      };
    },
    async release() {
      await gradient.release();
      await update.release();
    },
  };
}

/** The lanes that rows are cut into: one for a file that fixes its batch. */
export function stepLanes({ model, runtime }: Pick<MitigationSetup, "model" | "runtime">): number {
  return model.fixedBatch === null ? runtime.lanes : 1;
}

/**
 * The part of some rows in the loss of all, [1], and in its gradients: by the packed weights, [1, n], and by the rows where it is wanted.
 *
 * @param share the rows' number over that of all
 */
async function gradientOf(
  setup: StepSetup,
  rows: number,
  share: number,
  imageShape: readonly number[],
  isPerturbed: boolean,
): Promise<Readonly<Record<string, Tensor>>> {
  const examined = await examineFor({ ...setup, benign: setup.training.clean }, rows);
  const n = packedLength(setup.weights.packing);
  const graph = new Graph();
  const image = graph.input("image", [rows, ...imageShape]);
  const labels = graph.input("labels", [rows, examined.split.dimension]);
  const vector = graph.input("weights", [n]);
  const { outputs } = applyWithWeights(examined, image, vector, setup.weights);
  const loss = mul(regressionLoss("l1", outputs, labels), share);
  const [gradient, ...ofImage] = grad(loss, isPerturbed ? [vector, image] : [vector]) as [
    Tensor,
    ...Tensor[],
  ];
  const [imageGradient] = ofImage;
  const forPerturbation = imageGradient === undefined ? {} : { imageGradient };
  return { loss: reshape(loss, [1]), gradient: reshape(gradient, [1, n]), ...forPerturbation };
}

/**
 * Adam, and the average of weights, as a program.
 *
 * @param n how many weights
 * @param parts of the rows, whose gradients [parts, n] are added up
 */
function updateOf(n: number, parts: number, kept: Float32Array | null): Record<string, Tensor> {
  const graph = new Graph();
  const gradient = graph.input("gradient", [parts, n]);
  const vector = graph.input("weights", [n]);
  const slots = { m: graph.input("m", [n]), v: graph.input("v", [n]) };
  const average = graph.input("average", [n]);
  const [step, rate, keep] = ["step", "rate", "keep"].map((name) => graph.input(name, [])) as [
    Tensor,
    Tensor,
    Tensor,
  ];
  const next = optimizerOf({ kind: "adam" }).update(vector, sum(gradient, { axes: [0] }), slots, step, rate);
  const weights = kept === null ? next.parameter : mul(next.parameter, graph.constant(float32(kept)));
  return { weights, ...next.slots, average: add(weights, mul(sub(average, weights), keep)) };
}
