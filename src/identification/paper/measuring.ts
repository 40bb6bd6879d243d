/** What the reversed trigger does to all clean images, with G in inference. */
import type { ImageSet } from "../../data/image-set.ts";
import { collectRows, pixelsOf, rowsOf } from "../../loops/batches.ts";
import type { ExaminedModel } from "../../models/examined-model.ts";
import type { Task } from "../../models/task.ts";
import {
  type GeneratorOptions,
  generatorPackings,
  triggerGenerator,
} from "../../models/trigger-generator.ts";
import { float32 } from "../../onnx/tensor-data.ts";
import { packedLength, unpackTensors } from "../../optim/packing.ts";
import { compile } from "../../runtime/compile.ts";
import type { Runtime } from "../../runtime/runtime.ts";
import { Graph } from "../../tensor/graph.ts";
import type { GeneratorState } from "../../training/generator-state.ts";
import { applyForTask } from "./classification.ts";
import { momentumReversedTrigger, perturbation } from "./objective.ts";
import type { PaperOptions } from "./options.ts";

/** Arrays over all clean images. */
export interface ReversedResponses {
  /** ||x'_i - x_i||_1, [N] */
  readonly l1: Float32Array;
  /** f(x'), [N, d]; of a classifier S(f(x')) */
  readonly outputs: Float32Array;
  /** angle(F(x'_i), w_j), [N, k] */
  readonly angles: Float32Array;
  /** x' of the first images, [kept, C, H, W] */
  readonly images: Float32Array;
}

/** A program that applies a generator to clean images and runs the model on the result. */
export interface ReversedTriggerMeter {
  /** Measures a generator over all clean images; keeps the images of the first few. */
  measure(state: Pick<GeneratorState, "parameters" | "statistics">, keep: number): Promise<ReversedResponses>;
  /** Gives the memory back. */
  release(): Promise<void>;
}

/**
 * Compiles the measurement of a generator: mean perturbation over all of D_be, with Eq. 7 applied (6.9 of the
 * readings: after the last step, all images).
 *
 * @param attention T(x) of all images, [N, 1, H, W]; null to leave Eq. 7 out: x' = G(x)
 */
export async function createMeter(
  runtime: Runtime,
  examined: ExaminedModel,
  set: ImageSet,
  attention: Float32Array | null,
  generator: GeneratorOptions,
  options: Pick<PaperOptions, "l1Reduction">,
  task: Task = "regression",
): Promise<ReversedTriggerMeter> {
  const { batch } = examined;
  const [count, c, h, w] = set.shape;
  const graph = new Graph();
  const packings = generatorPackings(generator);
  const image = graph.input("image", [batch, c, h, w]);
  const parameters = graph.input("parameters", [packedLength(packings.parameters)]);
  const statistics = graph.input("statistics", [packedLength(packings.statistics)]);
  const generated = triggerGenerator(
    image,
    unpackTensors(parameters, packings.parameters),
    unpackTensors(statistics, packings.statistics),
    generator,
  );
  const reversed =
    attention === null
      ? generated.image
      : momentumReversedTrigger(image, generated.image, graph.input("attention", [batch, 1, h, w]));
  const { outputs, angles } = applyForTask(examined, reversed, task);
  const l1 = perturbation({ clean: image, reversed }, options);
  const program = await compile(runtime, { reversed, outputs, angles, l1 });
  return {
    async measure(state, keep) {
      const kept = Math.min(keep, count);
      const images = new Float32Array(kept * c * h * w);
      const all = await collectRows(count, batch, async (indices, first) => {
        const results = await program.run({
          image: pixelsOf(set, indices),
          ...(attention === null ? {} : { attention: rowsOf(attention, [1, h, w], indices) }),
          parameters: float32(state.parameters),
          statistics: float32(state.statistics),
        });
        const array = (name: keyof typeof results): Float32Array => results[name]!.data as Float32Array;
        const wanted = Math.min(batch, Math.max(0, kept - first));
        images.set(array("reversed").subarray(0, wanted * c * h * w), Math.min(first, kept) * c * h * w);
        return { l1: array("l1"), outputs: array("outputs"), angles: array("angles") };
      });
      return { ...all, images };
    },
    release: () => program.release(),
  };
}
