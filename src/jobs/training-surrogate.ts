/** The benign model whose errors Clean Label's perturbations raise. */
import type { Surrogate } from "../attacks/pgd.ts";
import { DrmGuardError } from "../errors.ts";
import type { Work } from "../loops/work.ts";
import { applyModel, type ExaminedModel, examine } from "../models/examined-model.ts";
import { exportNetwork } from "../models/networks/export.ts";
import { noPreprocessingHints, resolvePreprocessing } from "../models/preprocessing.ts";
import { createRandom } from "../random.ts";
import type { Runtime } from "../runtime/runtime.ts";
import type { TrainingOptions } from "../training/options.ts";
import { batchesOf, trainNetwork } from "../training/train.ts";
import type { TrainRequest } from "./job.ts";
import { loadModel } from "./load-model.ts";
import type { LabelledSet } from "./training-data.ts";
import { examineBytes } from "./training-export.ts";

/**
 * The benign model of Clean Label: the file that is given, or one that is trained in the same way first; null where no attack needs one.
 *
 * Throws what reading the file or training throws, E_MODEL_OUTPUT where it gives other numbers than the labels have.
 */
export async function surrogateFor(
  runtime: Runtime,
  work: Work,
  { attacks, surrogate, memoryLimit, seed }: TrainRequest,
  train: LabelledSet,
  options: TrainingOptions,
): Promise<Surrogate | null> {
  if (!attacks.some(({ attack }) => attack === "clean-label")) return null;
  const examined = await (async (): Promise<ExaminedModel> => {
    if (surrogate !== null) {
      const { model } = await loadModel(surrogate, memoryLimit);
      const shape = [options.batch, ...train.shape.slice(1)] as [number, number, number, number];
      const preprocessing = resolvePreprocessing(model, noPreprocessingHints);
      return examine(runtime, model, preprocessing, shape, { features: null, outputs: null });
    }
    work.onEvent({ kind: "note", message: "clean-label needs a benign model: it is trained first" });
    const random = createRandom(seed).fork("surrogate");
    const own = { ...options, seed: random.integer(2 ** 31 - 1) };
    const network = await trainNetwork(
      runtime,
      work,
      own,
      batchesOf(train, options.batch, random.fork("batches")),
      { key: "surrogate" },
    );
    const bytes = exportNetwork(network, options.network, {
      task: "surrogate",
      units: "as the labels",
      outputNames: train.labelNames,
      seed: own.seed,
    });
    return examineBytes(runtime, bytes, train, options.batch);
  })();
  const dimension = train.labelNames.length;
  return (image) => {
    const { outputs } = applyModel(examined, image);
    if (outputs.shape[1] === dimension) return outputs;
    throw new DrmGuardError(
      "E_MODEL_OUTPUT",
      `the surrogate gives ${outputs.shape[1]} numbers, expected ${dimension} as the labels have`,
    );
  };
}
