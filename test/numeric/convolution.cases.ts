/** Cases of convolutions. */
import fc from "fast-check";
import { int, ints } from "../../src/onnx/model.ts";
import type { CaseTable, NodeCase } from "./helper.ts";
import { seeds, valuesFrom } from "./values.ts";
import { windows } from "./windows.ts";

const groups = fc.record({
  group: fc.constantFrom(1, 2, 3),
  perIn: fc.constantFrom(1, 2),
  perOut: fc.constantFrom(1, 2),
});

const conv: fc.Arbitrary<NodeCase> = fc
  .record({
    window: windows({ longPads: true }),
    groups,
    batch: fc.constantFrom(1, 2),
    hasBias: fc.boolean(),
    seed: seeds,
  })
  .map(({ window, groups: { group, perIn, perOut }, batch, hasBias, seed }) => ({
    inputs: [
      valuesFrom(seed, [batch, group * perIn, ...window.lengths]),
      valuesFrom(seed + 1, [group * perOut, perIn, ...window.kernel]),
      ...(hasBias ? [valuesFrom(seed + 2, [group * perOut])] : []),
    ],
    wrt: hasBias ? [0, 1, 2] : [0, 1],
    attributes: { ...window.attributes, group: int(group) },
  }));

/** Transposed convolutions whose output's size follows from pads, output padding, auto_pad, or is written down. */
const convTranspose: fc.Arbitrary<NodeCase> = fc
  .record({
    window: windows({ maxRank: 2 }),
    groups,
    hasBias: fc.boolean(),
    seed: seeds,
    size: fc.constantFrom("follows", "follows", "padded", "shorter", "longer"),
  })
  .map(({ window, groups: { group, perIn, perOut }, hasBias, seed, size }) => {
    const { strides, dilations, kernel } = window;
    const lengths = window.lengths.map((length) => Math.min(length, 4));
    const outputPadding = strides.map((stride) => stride - 1);
    const full = lengths.map((n, i) => strides[i]! * (n - 1) + dilations[i]! * (kernel[i]! - 1) + 1);
    const { pads: _, auto_pad: __, ...plain } = window.attributes;
    const attributes = {
      follows: window.attributes,
      padded: { ...window.attributes, output_padding: ints(outputPadding) },
      shorter: { ...plain, output_shape: ints(full.map((n, i) => Math.max(1, n - (i % 2) - 1))) },
      longer: { ...plain, output_shape: ints(full.map((n, i) => n + outputPadding[i]!)) },
    }[size];
    return {
      inputs: [
        valuesFrom(seed, [1, group * perIn, ...lengths]),
        valuesFrom(seed + 1, [group * perIn, perOut, ...kernel]),
        ...(hasBias ? [valuesFrom(seed + 2, [group * perOut])] : []),
      ],
      wrt: hasBias ? [0, 1, 2] : [0, 1],
      attributes: { ...attributes, group: int(group) },
    };
  });

/** Cases by operator. */
export const convolutionCases: CaseTable = { Conv: conv, ConvTranspose: convTranspose };
