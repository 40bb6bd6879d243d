import { afterEach, expect, test, vi } from "vitest";
import * as registry from "../../src/autodiff/registry.ts";
import { examine } from "../../src/models/examined-model.ts";
import { checkGradient, type GradientCheck } from "../../src/models/gradient-check.ts";
import { importModel } from "../../src/models/import.ts";
import { defaultPreprocessing } from "../../src/models/preprocessing.ts";
import { writeModel } from "../../src/onnx/proto.ts";
import { float32 } from "../../src/onnx/tensor-data.ts";
import { nodeRuntime } from "../../src/runtime/node.ts";
import { mul } from "../../src/tensor/elementwise.ts";
import { countingRuntime, someWeights, tinyRegressor } from "../support/identification.ts";
import { modelOf, type NodeLine } from "../support/models.ts";

vi.mock(import("../../src/autodiff/registry.ts"), { spy: true });
afterEach(() => vi.mocked(registry.ruleOf).mockReset());

const runtime = nodeRuntime();
const shape = [4, 3, 8, 8] as const;

async function checkOf(model = tinyRegressor()): Promise<GradientCheck> {
  const examined = await examine(runtime, model, defaultPreprocessing, shape, {
    features: null,
    outputs: null,
  });
  return checkGradient(runtime, examined, shape, 0);
}

/** Makes the gradient of one operator wrong by a factor. */
async function falsify(op: string, factor: number): Promise<void> {
  const { ruleOf } = await vi.importActual<typeof registry>("../../src/autodiff/registry.ts");
  vi.mocked(registry.ruleOf).mockImplementation((node) => {
    const rule = ruleOf(node);
    if (rule === undefined || node.op !== op) return rule;
    return (context) => rule(context).map((gradient) => gradient && mul(gradient, factor));
  });
}

test("a right model passes, far below the tolerance", async () => {
  const check = await checkOf();
  expect(check).toMatchObject({ passed: true, isFlat: false });
  expect(check.relativeError).toBeLessThan(check.tolerance / 2);
  expect(check.tolerance).toBe(0.05);
});

test("segments on which more points change nothing are not tried with more of them", async () => {
  await falsify("Gemm", 2);
  const { runtime: counting, runsOf } = countingRuntime();
  const examined = await examine(counting, tinyRegressor(), defaultPreprocessing, shape, {
    features: null,
    outputs: null,
  });
  const check = await checkGradient(counting, examined, shape, 0);
  expect(check).toMatchObject({ passed: false, directions: 6 });
  // One to begin with; then 4 and 12 points on two segments and 12 on the third, and at most that one with 48 too. With 48 on all it were 6 x 188.
  const points = runsOf("gradient") - 1;
  expect(points).toBeGreaterThanOrEqual(6 * 44);
  expect(points).toBeLessThanOrEqual(6 * 92);
});

test.each([
  ["Conv", 1.1],
  ["Conv", -1],
  ["Gemm", 0.9],
  ["Gemm", 2],
  ["Relu", 0.5],
  ["GlobalAveragePool", 1 / 64],
])("a gradient of %s that is wrong by the factor %d does not pass", async (op, factor) => {
  await falsify(op, factor);
  const check = await checkOf();
  expect(check.passed).toBe(false);
  // |integral - difference| / max of both, where one is the other times the factor.
  const expected = Math.abs(factor - 1) / Math.max(Math.abs(factor), 1);
  expect(check.relativeError).toBeGreaterThan(0.9 * expected);
  expect(check.relativeError).toBeLessThan(1.1 * expected);
});

test("a model that ignores the image says that nothing was tested", async () => {
  const check = await checkOf(
    ofNodes([
      ["Mul", ["p", "zero"], ["q"]],
      ["Gemm", ["q", "head"], ["y"]],
    ]),
  );
  expect(check.isFlat).toBe(true);
});

test("a model whose outputs change in steps alone says that nothing was tested, however they differ", async () => {
  // round(50 p), whose steps are far wider than the segments.
  const check = await checkOf(
    ofNodes([
      ["Mul", ["p", "fifty"], ["m"]],
      ["Round", ["m"], ["r"]],
      ["Gemm", ["r", "head"], ["y"]],
    ]),
  );
  expect(check.isFlat).toBe(true);
});

test("a model whose outputs differ by rounding alone is said to be flat, and soon", async () => {
  // 1 + z 10^-5: of the slope float32 leaves single steps, where z differs by less than a tenth.
  const model = ofNodes([
    ["Gemm", ["p", "head"], ["z"]],
    ["Mul", ["z", "small"], ["s"]],
    ["Add", ["s", "one"], ["y"]],
  ]);
  const check = await checkOf(model);
  expect(check).toMatchObject({ isFlat: true, passed: false, directions: 1 });
});

test("outputs that differ little beside their size, yet more than rounding, are tested", async () => {
  const model = ofNodes([
    ["Gemm", ["p", "head"], ["z"]],
    ["Add", ["z", "hundred"], ["y"]],
  ]);
  expect(await checkOf(model)).toMatchObject({ isFlat: false, passed: true });
});

test("a model of which rounding hides half of the slope does not pass", async () => {
  // p + round(p 10^4) / 10^4 rises by 2 for each 1, and its gradient is 1.
  const nodes: NodeLine[] = [
    ["Mul", ["p", "many"], ["m"]],
    ["Round", ["m"], ["r"]],
    ["Div", ["r", "many"], ["d"]],
    ["Add", ["p", "d"], ["q"]],
    ["Gemm", ["q", "head"], ["y"]],
  ];
  expect((await checkOf(ofNodes(nodes))).passed).toBe(false);
});

/** The mean of each channel as "p", and some nodes on it. */
function ofNodes(nodes: NodeLine[]) {
  return importModel(
    writeModel(
      modelOf({
        opset: 17,
        inputs: [{ name: "x", dtype: "float32", shape: ["N", 3, 8, 8] }],
        nodes: [["GlobalAveragePool", ["x"], ["g"]], ["Flatten", ["g"], ["p"]], ...nodes],
        initializers: {
          head: someWeights([3, 2], 1),
          zero: float32([0]),
          one: float32([1]),
          small: float32([1e-5]),
          fifty: float32([50]),
          hundred: float32([100]),
          many: float32([1e4]),
        },
      }),
    ),
  );
}
