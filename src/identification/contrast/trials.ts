/** What a model gives under triggers as they are, without a search. */
import { float32, type TensorData } from "../../onnx/tensor-data.ts";
import { compile } from "../../runtime/compile.ts";
import { Graph } from "../../tensor/graph.ts";
import { reshape } from "../../tensor/movement.ts";
import { outputsOf } from "../outputs.ts";
import { examineFor } from "./fitting.ts";
import type { SearchContext } from "./search.ts";

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
