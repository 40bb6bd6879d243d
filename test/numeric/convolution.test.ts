/** Gradients of convolution operators against finite differences. */
import { describe, test } from "vitest";
import { int, ints } from "../../src/onnx/model.ts";
import { convolutionCases } from "./convolution.cases.ts";
import { expectGradient, type NodeCase, testRules } from "./helper.ts";
import { valuesFrom } from "./values.ts";

testRules("convolution", convolutionCases, 40);

/** Strides, pads and dilations of a convolution. */
type Lists = Readonly<Record<string, readonly number[]>>;

function convolution(
  input: readonly number[],
  weight: readonly number[],
  lists: Lists,
  group: number,
  wrt: readonly number[],
): NodeCase {
  const attributes = Object.fromEntries(Object.entries(lists).map(([name, values]) => [name, ints(values)]));
  return {
    inputs: [valuesFrom(1, input), valuesFrom(2, weight)],
    wrt,
    attributes: { ...attributes, group: int(group) },
  };
}

/** Generated cases are small; each of these takes a way that none of them does. */
describe("the gradient of a weight", () => {
  test.each<[what: string, input: number[], weight: number[], lists: Lists, group: number]>([
    ["one position", [3, 2, 3, 3], [8, 2, 3, 3], {}, 1],
    ["two positions", [2, 3, 4, 3], [8, 3, 3, 3], {}, 1],
    ["one position and groups", [3, 4, 3, 3], [16, 2, 3, 3], {}, 2],
    ["strides and padding", [2, 2, 4, 1], [9, 2, 3, 1], { strides: [3, 1], pads: [1, 0, 1, 0] }, 1],
    ["one tap", [3, 2, 1, 1], [8, 2, 1, 1], {}, 1],
  ])("with four times as many channels as positions is one product over all images: %s", async (...row) => {
    const [, input, weight, lists, group] = row;
    await expectGradient("Conv", convolution(input, weight, lists, group, [0, 1]));
  });

  // 9 + 2 of padding in steps of 3 with a kernel of 3: the last window ends before the padding does.
  test.each([
    ["without groups", [2, 2, 9, 10], [3, 2, 3, 3], 1],
    ["with groups", [2, 4, 9, 10], [2, 2, 3, 3], 2],
  ])("leaves out what no window reaches, %s", async (_, input, weight, group) => {
    const lists = { strides: [3, 3], pads: [1, 1, 1, 2] };
    await expectGradient("Conv", convolution(input, weight, lists, group, [0, 1]));
  });

  // Of a kernel of 128 taps and a quarter of the length in positions. Columns of 2^25 to 2^26 bytes are made of a padded copy,
  // of more bytes they are not made at all.
  test.each([
    ["a padded copy", 140_003],
    ["each tap alone", 290_003],
  ])("comes of large columns: %s", async (_, length) => {
    const lists = { strides: [4], pads: [1, 2], dilations: [2] };
    await expectGradient("Conv", convolution([1, 2, length], [2, 1, 128], lists, 2, [1]));
  });
});
