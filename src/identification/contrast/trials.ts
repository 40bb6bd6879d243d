/** What a model gives under triggers as they are, without a search. */
import type { ImageSet } from "../../data/image-set.ts";
import { subsetOf } from "../../data/subset.ts";
import { batchAt } from "../../loops/batches.ts";
import { float32, type TensorData } from "../../onnx/tensor-data.ts";
import type { Random } from "../../random.ts";
import { compile } from "../../runtime/compile.ts";
import { Graph } from "../../tensor/graph.ts";
import { reshape } from "../../tensor/movement.ts";
import { outputsOf } from "../outputs.ts";
import { assertFiniteOutputs } from "../predict.ts";
import { growingImages } from "./choosing.ts";
import { examineFor } from "./fitting.ts";
import { type SearchContext, sizeWithin } from "./search.ts";

/** Triggers on the same few images. */
export interface Trials {
  /**
   * The outputs under some triggers, each [B d].
   *
   * @param thetas their parameters, [n] each
   */
  outputsUnder(thetas: readonly Float32Array[]): Promise<Float32Array[]>;
  /** Gives the memory back. */
  release(): Promise<void>;
}

/**
 * Compiles a model under triggers of a family. Throws what examining the model throws, and E_RUNTIME when the runtime refuses it.
 *
 * @param image the images, [B, C, H, W]
 * @param most triggers at once; more are tried in rounds
 */
export async function trialsOn(
  { setup, family, scale }: Pick<SearchContext, "setup" | "family" | "scale">,
  image: TensorData,
  most: number,
): Promise<Trials> {
  const [batch, c, h, w] = image.dims as [number, number, number, number];
  const [n, rows] = [family.length([c, h, w]), batch * scale.std.length];
  const graph = new Graph();
  const { images } = family.write(graph.input("theta", [most, n]), graph.input("image", image.dims));
  const outputs = outputsOf(await examineFor(setup, most * batch), reshape(images, [most * batch, c, h, w]));
  const program = await compile(setup.runtime, { outputs: reshape(outputs, [most, rows]) });
  return {
    async outputsUnder(thetas) {
      const all: Float32Array[] = [];
      while (all.length < thetas.length) {
        const some = thetas.slice(all.length, all.length + most);
        const theta = new Float32Array(most * n);
        some.forEach((each, i) => {
          theta.set(each, i * n);
        });
        const results = await program.run({ image, theta: float32(theta, [most, n]) });
        const data = results.outputs!.data as Float32Array;
        all.push(...some.map((_, i) => data.subarray(i * rows, (i + 1) * rows)));
      }
      return all;
    },
    release: () => program.release(),
  };
}

/** As many images as a trigger grows on, and what the model gives for them. */
export interface FewImages {
  readonly images: ImageSet;
  /**
   * The outputs under some triggers, each [B d]. Throws what {@link trialsOn} throws, and E_NAN when the model gives no finite numbers.
   *
   * @param thetas their parameters, [n] each
   */
  outputsUnder(thetas: readonly Float32Array[]): Promise<Float32Array[]>;
}

/**
 * Draws images to try triggers on once: as many as a trigger grows on, fewer where memory is short.
 *
 * @param triggers how many are to be tried
 */
export async function fewImages(
  context: Pick<SearchContext, "setup" | "options" | "family" | "scale">,
  triggers: number,
  random: Random,
): Promise<FewImages> {
  const { benign } = context.setup;
  const size = await sizeWithin(context, triggers, growingImages * context.options.batch);
  const images = subsetOf(benign, batchAt(0, benign.shape[0], size.batch, random));
  return {
    images,
    async outputsUnder(thetas) {
      const trials = await trialsOn(context, float32(images.pixels, images.shape), size.triggers);
      try {
        const outputs = await trials.outputsUnder(thetas);
        for (const each of outputs) assertFiniteOutputs(each, images);
        return outputs;
      } finally {
        await trials.release();
      }
    },
  };
}
