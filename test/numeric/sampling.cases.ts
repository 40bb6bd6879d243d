/** Cases of sampling at computed places. */
import fc from "fast-check";
import { int, string } from "../../src/onnx/model.ts";
import { float32, sizeOf, type TensorData } from "../../src/onnx/tensor-data.ts";
import { createRandom } from "../../src/random.ts";
import type { CaseTable, NodeCase } from "./helper.ts";
import { list, seeds, valuesFrom } from "./values.ts";

/**
 * Places inside of pixels and past the edges, in pixels a multiple of a half plus a quarter: away from the centres,
 * edges and halfway points at which sampling has kinks or jumps.
 */
function gridFrom(
  seed: number,
  dims: readonly number[],
  lengths: readonly number[],
  isAligned: boolean,
): TensorData {
  const random = createRandom(seed);
  const rank = lengths.length;
  const values = Array.from({ length: sizeOf(dims) }, (_, i) => {
    const length = lengths[rank - 1 - (i % rank)]!;
    const place = (random.integer(2 * length + 8) - 4) / 2 + 0.25;
    return isAligned ? (2 * place) / Math.max(length - 1, 1) - 1 : (2 * place + 1) / length - 1;
  });
  return float32(values, dims);
}

const gridSample: fc.Arbitrary<NodeCase> = fc
  .record({
    lengths: fc.constantFrom([3, 4], [1, 3], [4, 2], [2, 3, 2]),
    outputs: fc.constantFrom([2, 3], [1, 2]),
    mode: fc.constantFrom("linear", "linear", "nearest", "cubic"),
    padding: fc.constantFrom("zeros", "border", "reflection"),
    alignCorners: fc.constantFrom(0, 1),
    seed: seeds,
  })
  // ONNX Runtime has cubic sampling of images only.
  .filter(({ lengths, mode }) => mode !== "cubic" || lengths.length === 2)
  .map(({ lengths, outputs, mode, padding, alignCorners, seed }) => {
    const out = lengths.length === 3 ? [1, ...outputs] : outputs;
    const grid = gridFrom(seed, [2, ...out, lengths.length], lengths, alignCorners === 1);
    return {
      inputs: [valuesFrom(seed, [2, 2, ...lengths]), grid],
      wrt: [0, 1],
      attributes: { mode: string(mode), padding_mode: string(padding), align_corners: int(alignCorners) },
    };
  });

const affineGrid: fc.Arbitrary<NodeCase> = fc
  .record({
    isSolid: fc.boolean(),
    alignCorners: fc.constantFrom(0, 1),
    seed: seeds,
    batch: fc.constantFrom(1, 2),
  })
  .map(({ isSolid, alignCorners, seed, batch }) => ({
    inputs: [
      valuesFrom(seed, isSolid ? [batch, 3, 4] : [batch, 2, 3]),
      list(isSolid ? [batch, 1, 2, 3, 2] : [batch, 2, 3, 4]),
    ],
    wrt: [0],
    attributes: { align_corners: int(alignCorners) },
  }));

/** Cases by operator. */
export const samplingCases: CaseTable = { GridSample: gridSample, AffineGrid: affineGrid };
