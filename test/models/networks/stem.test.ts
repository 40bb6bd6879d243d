import { expect, test } from "vitest";
import { exportNetwork } from "../../../src/models/networks/export.ts";
import { initializeNetwork, type NetworkOptions } from "../../../src/models/networks/network.ts";
import { getInts } from "../../../src/onnx/model.ts";
import { readModel } from "../../../src/onnx/proto.ts";
import { createRandom } from "../../../src/random.ts";

/** The kernel and stride of the first layer, and whether a pooling follows. */
function beginningOf(changes: Partial<NetworkOptions>): { kernel: number; stride: number; pools: boolean } {
  const options: NetworkOptions = {
    architecture: "resnet18",
    image: [3, 64, 64],
    outputs: 2,
    width: 1 / 64,
    stem: "auto",
    ...changes,
  };
  const description = { task: "test", units: "1", outputNames: ["a", "b"], seed: 1 };
  const { graph } = readModel(
    exportNetwork(initializeNetwork(options, createRandom(1)), options, description),
  );
  const first = graph.nodes.find(({ op }) => op === "Conv")!;
  return {
    kernel: getInts(first, "kernel_shape", [])[0]!,
    stride: getInts(first, "strides", [1])[0]!,
    pools: graph.nodes.some(({ op }) => op === "MaxPool"),
  };
}

test.each([
  ["small", { kernel: 3, stride: 1, pools: false }],
  ["medium", { kernel: 7, stride: 2, pools: false }],
  ["large", { kernel: 7, stride: 2, pools: true }],
  ["fine", { kernel: 3, stride: 1, pools: true }],
] as const)("a ResNet with the %s stem begins with %o", (stem, expected) => {
  expect(beginningOf({ stem })).toEqual(expected);
});

test.each([
  [32, "small"],
  [48, "small"],
  [64, "medium"],
  [112, "medium"],
  [128, "large"],
] as const)("images of %i px have the %s one when nothing else is said", (side, stem) => {
  const image = [3, side, side / 2] as const;
  expect(beginningOf({ image })).toEqual(beginningOf({ image, stem }));
});

test("a MobileNet has no pooling: only the small stem does not halve the image", () => {
  const architecture = "mobilenetv1";
  expect(beginningOf({ architecture, stem: "small" })).toEqual({ kernel: 3, stride: 1, pools: false });
  for (const stem of ["medium", "large", "fine"] as const) {
    expect(beginningOf({ architecture, stem })).toEqual({ kernel: 3, stride: 2, pools: false });
  }
});
