/** How windows move over spatial axes: generated attributes of convolutions and pools. */
import fc from "fast-check";
import { type Attributes, ints, string } from "../../src/onnx/model.ts";

/** The lengths of one to three spatial axes and a window that fits into them. */
export interface WindowCase {
  readonly lengths: readonly number[];
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  readonly attributes: Attributes;
}

/** What a kind of operator allows. */
export interface WindowLimits {
  readonly maxRank?: number;
  readonly dilations?: boolean;
  /** Whether pads may be as long as the kernel: ONNX Runtime refuses that for pools. */
  readonly longPads?: boolean;
}

/** Windows with strides, dilations, and pads that are written down, uneven, or follow from auto_pad. */
export function windows({
  maxRank = 3,
  dilations = true,
  longPads = false,
}: WindowLimits = {}): fc.Arbitrary<WindowCase> {
  return fc.integer({ min: 1, max: maxRank }).chain((rank) => {
    const each = (max: number, min = 1): fc.Arbitrary<number[]> =>
      fc.array(fc.integer({ min, max }), { minLength: rank, maxLength: rank });
    return fc
      .record({
        kernel: each(3),
        strides: each(3),
        dilations: dilations ? each(2) : fc.constant(new Array<number>(rank).fill(1)),
        extra: each(rank === 3 ? 1 : 4, 0),
        pads: fc.array(fc.integer({ min: 0, max: 2 }), { minLength: 2 * rank, maxLength: 2 * rank }),
        autoPad: fc.constantFrom("pads", "pads", "NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID"),
      })
      .map(({ kernel, strides, dilations: drawn, extra, pads, autoPad }) => {
        // ONNX Runtime has no dilation together with SAME.
        const steps = autoPad.startsWith("SAME") ? drawn.map(() => 1) : drawn;
        const lengths = kernel.map((k, i) => (k - 1) * steps[i]! + 1 + extra[i]!);
        const written = longPads ? pads : pads.map((n, i) => Math.min(n, kernel[i % rank]! - 1));
        return {
          lengths,
          kernel,
          strides,
          dilations: steps,
          attributes: {
            kernel_shape: ints(kernel),
            strides: ints(strides),
            ...(dilations ? { dilations: ints(steps) } : {}),
            ...(autoPad === "pads" ? { pads: ints(written) } : { auto_pad: string(autoPad) }),
          },
        };
      });
  });
}
