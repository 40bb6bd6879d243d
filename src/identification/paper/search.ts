/** Reverse engineering of the trigger function: min over theta of Eq. 5 with the momentum reversed trigger of Eq. 7. */

import { batchAt, pixelsOf, rowsOf } from "../../loops/batches.ts";
import { type LoopResult, runLoop } from "../../loops/loop.ts";
import { classesOf, commonestOf } from "../../metrics/accuracy.ts";
import { columnVariances } from "../../metrics/statistics.ts";
import type { ExaminedModel } from "../../models/examined-model.ts";
import type { Task } from "../../models/task.ts";
import type { GeneratorOptions } from "../../models/trigger-generator.ts";
import { float32, type TensorData } from "../../onnx/tensor-data.ts";
import { createRandom } from "../../random.ts";
import { compile } from "../../runtime/compile.ts";
import { Graph } from "../../tensor/graph.ts";
import { mean } from "../../tensor/reduction.ts";
import {
  type GeneratorState,
  stateFeeds,
  stateFrom,
  trainGenerator,
} from "../../training/generator-state.ts";
import type { IdentificationSetup } from "../identification.ts";
import { applyForTask } from "./classification.ts";
import type { CleanResponses } from "./clean.ts";
import { momentumReversedTrigger, objective, objectiveTerms } from "./objective.ts";
import type { PaperOptions } from "./options.ts";

/** What the search starts from. */
export interface SearchStart {
  readonly examined: ExaminedModel;
  readonly clean: CleanResponses;
  readonly generator: GeneratorOptions;
  readonly state: GeneratorState;
  /** What an output is multiplied with to be in the unit of lambda_1. */
  readonly unitFactor: number;
  readonly deadline: number | null;
}

/**
 * Runs the search.
 *
 * Throws what {@link runLoop} throws.
 */
export async function searchTrigger(
  setup: IdentificationSetup,
  start: SearchStart,
  options: PaperOptions,
): Promise<LoopResult<GeneratorState>> {
  const { examined, clean, generator } = start;
  const { benign } = setup;
  const [count, c, h, w] = benign.shape;
  const { batch } = examined;
  const graph = new Graph();
  const image = graph.input("image", [batch, c, h, w]);
  const attention = graph.input("attention", [batch, 1, h, w]);
  const cleanAngleVariance = graph.input("cleanAngleVariance", [clean.angleCount]);
  const cleanOutputVariance = graph.input("cleanOutputVariance", [clean.dimension]);
  const trained = trainGenerator(image, generator, options.learningRate);
  const reversed = momentumReversedTrigger(image, trained.image, attention);
  const task = setup.task ?? "regression";
  const { outputs, angles } = applyForTask(examined, reversed, task);
  const inputs = { clean: image, reversed, outputs, angles, cleanAngleVariance, cleanOutputVariance };
  const terms = objectiveTerms(inputs, options, start.unitFactor);
  const loss = objective(terms, options, c * h * w);
  const program = await compile(setup.runtime, {
    loss,
    ...terms,
    target: task === "classification" ? outputs : mean(outputs, { axes: [0] }),
    ...trained.update(loss, setup.runtime),
  });
  const random = createRandom(setup.seed).fork("search");
  const setVariance = columnVariances(clean.angles, clean.angleCount);
  const outputVariance = float32(columnVariances(clean.outputs, clean.dimension));
  const angleVariance = (indices: readonly number[]): TensorData =>
    float32(
      options.cleanAngleVariance === "set"
        ? setVariance
        : columnVariances(
            rowsOf(clean.angles, [clean.angleCount], indices).data as Float32Array,
            clean.angleCount,
          ),
    );
  try {
    return await runLoop(setup, {
      phase: "reverse engineering",
      steps: options.steps,
      key: `${setup.runKey}-search`,
      initial: start.state,
      deadline: start.deadline,
      toSaved: (state) => ({ ...state }),
      fromSaved: (arrays) => arrays as unknown as GeneratorState,
      async step(state, step) {
        const indices = batchAt(step, count, batch, random);
        const feeds = stateFeeds(state, step, options.statisticsMomentum);
        const results = await program.run({
          image: pixelsOf(benign, indices),
          attention: rowsOf(clean.attention, [1, h, w], indices),
          cleanAngleVariance: angleVariance(indices),
          cleanOutputVariance: outputVariance,
          ...feeds,
          // The statistics are those of the pretrained G already: they are followed, not begun anew.
          keep: float32([options.statisticsMomentum], []),
        });
        return { state: stateFrom(results), values: valuesOf(results, task, clean.dimension) };
      },
    });
  } finally {
    await program.release();
  }
}

function valuesOf(
  results: Readonly<Record<string, TensorData>>,
  task: Task,
  dimension: number,
): Record<string, number> {
  const scalar = (name: string): number => (results[name]!.data as Float32Array)[0]!;
  const found = results.target!.data as Float32Array;
  const values = task === "classification" ? [commonestOf(classesOf(found, dimension)).value] : [...found];
  const target = values.map((value, j) => [`target ${j}`, value] as const);
  return {
    loss: scalar("loss"),
    l1: scalar("l1"),
    outputVariance: scalar("outputVariance"),
    coneRatio: scalar("coneRatio"),
    ...Object.fromEntries(target),
  };
}
