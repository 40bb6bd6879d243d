/** Cases of resizing. */
import fc from "fast-check";
import { type Attributes, float, int, ints, string } from "../../src/onnx/model.ts";
import { float32 } from "../../src/onnx/tensor-data.ts";
import type { CaseTable, NodeCase } from "./helper.ts";
import { list, seeds, tensors, valuesFrom } from "./values.ts";

const places = [
  "half_pixel",
  "pytorch_half_pixel",
  "align_corners",
  "asymmetric",
  "half_pixel_symmetric",
  "tf_half_pixel_for_nn",
];
const roundings = ["round_prefer_floor", "round_prefer_ceil", "floor", "ceil"];

const attributes: fc.Arbitrary<Attributes> = fc
  .record({
    place: fc.constantFrom(...places),
    mode: fc.constantFrom("nearest", "linear", "cubic"),
    rounding: fc.constantFrom(...roundings),
    antialias: fc.constantFrom(0, 0, 1),
    excludeOutside: fc.constantFrom(0, 1),
    coefficient: fc.constantFrom(-0.75, -0.5),
  })
  .map(({ place, mode, rounding, antialias, excludeOutside, coefficient }) => ({
    coordinate_transformation_mode: string(place),
    mode: string(mode),
    ...(mode === "nearest" ? { nearest_mode: string(rounding) } : { antialias: int(antialias) }),
    ...(mode === "cubic" ? { exclude_outside: int(excludeOutside), cubic_coeff_a: float(coefficient) } : {}),
  }));

const size = fc.integer({ min: 1, max: 5 });

/** Two spatial axes by scales or by sizes, for all axes or only for those named. */
const plain: fc.Arbitrary<NodeCase> = fc
  .record({
    height: size,
    width: size,
    targets: fc.tuple(size, size),
    scales: fc.tuple(fc.constantFrom(0.5, 1, 1.3, 2, 2.6), fc.constantFrom(0.7, 1, 1.04, 1.5, 3)),
    kind: fc.constantFrom("scales", "sizes", "axes"),
    attributes,
    seed: seeds,
  })
  .filter(({ height, width, scales }) => height * scales[0] >= 1 && width * scales[1] >= 1)
  .map(({ height, width, targets, scales, kind, attributes: given, seed }): NodeCase => {
    const image = valuesFrom(seed, [1, 2, height, width]);
    if (kind === "axes") {
      return {
        inputs: [image, null, null, list([targets[1], targets[0]])],
        wrt: [0],
        attributes: { ...given, axes: ints([3, -2]) },
      };
    }
    const wanted = kind === "scales" ? [float32([1, 1, ...scales])] : [null, list([1, 2, ...targets])];
    return { inputs: [image, null, ...wanted], wrt: [0], attributes: given };
  });

/** What is taken is a part of the image, or reaches past its edges. */
const cropped: fc.Arbitrary<NodeCase> = fc
  .record({
    seed: seeds,
    mode: fc.constantFrom("nearest", "linear"),
    roi: fc.constantFrom([0, 0, 1, 1], [0.2, 0, 0.9, 0.6], [-0.3, 0.1, 0.8, 1.4]),
    targets: fc.tuple(size, size),
  })
  .map(({ seed, mode, roi, targets }) => ({
    inputs: [
      valuesFrom(seed, [1, 2, 4, 5]),
      float32([0, 0, roi[0]!, roi[1]!, 1, 1, roi[2]!, roi[3]!]),
      null,
      list([1, 2, ...targets]),
    ],
    wrt: [0],
    attributes: {
      mode: string(mode),
      coordinate_transformation_mode: string("tf_crop_and_resize"),
      extrapolation_value: float(0.7),
    },
  }));

/** The same ratio on both axes, so that nothing is rounded. */
const proportional: fc.Arbitrary<NodeCase> = fc
  .tuple(seeds, fc.constantFrom("not_larger", "not_smaller"), fc.constantFrom("linear", "cubic"))
  .map(([seed, policy, mode]) => ({
    inputs: [valuesFrom(seed, [1, 1, 2, 4]), null, null, list(policy === "not_larger" ? [4, 9] : [4, 7])],
    wrt: [0],
    attributes: { axes: ints([2, 3]), keep_aspect_ratio_policy: string(policy), mode: string(mode) },
  }));

/** One axis keeps its size, but not the places of its pixels. */
const shifted: fc.Arbitrary<NodeCase> = fc
  .tuple(tensors(fc.constant([1, 1, 3, 5])), attributes)
  .map(([image, given]) => ({ inputs: [image, null, float32([1, 1, 2, 1.1])], wrt: [0], attributes: given }));

/** Cases by operator. */
export const resamplingCases: CaseTable = {
  Resize: fc.oneof(plain, plain, plain, shifted, cropped, proportional),
};
