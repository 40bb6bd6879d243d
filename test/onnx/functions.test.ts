/** Functions that models bring along. */
import { describe, expect, test } from "vitest";
import { inlineFunctions } from "../../src/onnx/functions.ts";
import { float, int, ints, type OnnxFunction, type OnnxModel } from "../../src/onnx/model.ts";
import { float32 } from "../../src/onnx/tensor-data.ts";
import { upgrade } from "../../src/onnx/upgrade.ts";
import { nodeRuntime } from "../../src/runtime/node.ts";
import { programOpset } from "../../src/tensor/graph.ts";
import { valuesFrom } from "../numeric/values.ts";
import { graphOf, modelOf, type NodeLine, node, runModel } from "../support/models.ts";

const runtime = nodeRuntime();

function functionOf(
  name: string,
  lines: readonly NodeLine[],
  more: Partial<OnnxFunction> = {},
): OnnxFunction {
  return {
    domain: "custom",
    name,
    inputs: ["a"],
    outputs: ["b"],
    attributes: [],
    defaults: {},
    nodes: lines.map(node),
    opsets: new Map([["", 18]]),
    ...more,
  };
}

function calling(functions: readonly OnnxFunction[], nodes: readonly NodeLine[]): OnnxModel {
  return { ...modelOf({ opset: 18, nodes, domains: { custom: 1 } }), functions };
}

/** The output of a model once its functions are gone. */
async function outputOf(model: OnnxModel): Promise<number[]> {
  const inlined = inlineFunctions(model);
  expect(inlined.functions).toEqual([]);
  const x = valuesFrom(1, [1, 3, 4, 4]);
  const { y } = await runModel(runtime, { ...upgrade(inlined, programOpset), irVersion: 10 }, { x });
  return Array.from(y!.data as Float32Array);
}

const x = Array.from(valuesFrom(1, [1, 3, 4, 4]).data as Float32Array);

describe("calls are replaced by bodies", () => {
  test("called twice, each body has names of its own", async () => {
    const twice = functionOf("Twice", [
      ["Add", ["a", "a"], ["inner"]],
      ["Identity", ["inner"], ["b"]],
    ]);
    const model = calling(
      [twice],
      [
        ["custom.Twice", ["x"], ["m"]],
        ["custom.Twice", ["m"], ["y"]],
      ],
    );
    expect(await outputOf(model)).toEqual(x.map((v) => Math.fround(4 * v)));
    const names = inlineFunctions(model).graph.nodes.flatMap((each) => each.outputs);
    expect(new Set(names).size).toBe(names.length);
  });

  test("functions that call functions, inside of branches too", async () => {
    const branch = (lines: NodeLine[]) => ({ kind: "graph", value: graphOf(lines, ["r"]) }) as const;
    const double = functionOf("Double", [["Add", ["a", "a"], ["b"]]]);
    const outer = functionOf("Outer", [
      ["Neg", ["a"], ["negated"]],
      [
        "Constant",
        [],
        ["yes"],
        { value: { kind: "tensor", value: { dtype: "bool", dims: [], data: Uint8Array.of(1) } } },
      ],
      [
        "If",
        ["yes"],
        ["b"],
        {
          then_branch: branch([["custom.Double", ["negated"], ["r"]]]),
          else_branch: branch([["Identity", ["a"], ["r"]]]),
        },
      ],
    ]);
    expect(await outputOf(calling([double, outer], [["custom.Outer", ["x"], ["y"]]]))).toEqual(
      x.map((v) => Math.fround(-2 * v)),
    );
  });

  test("attributes of the call, its defaults, and those left out", async () => {
    const leaky = functionOf(
      "Leaky",
      [["LeakyRelu", ["a"], ["b"], { alpha: { kind: "reference", value: "slope" } }]],
      { attributes: ["slope"], defaults: {} },
    );
    const withDefault = { ...leaky, name: "Default", attributes: [], defaults: { slope: float(0.25) } };
    const slopes = async (line: NodeLine): Promise<number> => {
      const y = await outputOf(calling([leaky, withDefault], [line]));
      const i = x.findIndex((v) => v < 0);
      return y[i]! / x[i]!;
    };
    expect(await slopes(["custom.Leaky", ["x"], ["y"], { slope: float(0.5) }])).toBeCloseTo(0.5, 5);
    expect(await slopes(["custom.Default", ["x"], ["y"]])).toBeCloseTo(0.25, 5);
    expect(await slopes(["custom.Leaky", ["x"], ["y"]])).toBeCloseTo(0.01, 5);
  });

  test("inputs that the call leaves out", async () => {
    const clip = functionOf("Clip", [["Clip", ["a", "low", "high"], ["b"]]], {
      inputs: ["a", "low", "high"],
    });
    const model = calling([clip], [["custom.Clip", ["x", "", "one"], ["y"]]]);
    const withOne = {
      ...model,
      graph: { ...model.graph, initializers: new Map([["one", float32([0.5], [])]]) },
    };
    expect(await outputOf(withOne)).toEqual(x.map((v) => Math.min(v, 0.5)));
  });

  test("a function of an older operator set than the model", async () => {
    const old = functionOf(
      "Mean",
      [
        ["ReduceMean", ["a"], ["m"], { axes: ints([2, 3]), keepdims: int(1) }],
        ["Sub", ["a", "m"], ["b"]],
      ],
      { opsets: new Map([["", 13]]) },
    );
    const model = calling([old], [["custom.Mean", ["x"], ["y"]]]);
    const y = await outputOf(model);
    const mean = x.slice(0, 16).reduce((a, b) => a + b, 0) / 16;
    expect(y[0]).toBeCloseTo(x[0]! - mean, 5);
  });
});

test("functions that call each other without end are refused", () => {
  const endless = functionOf("Endless", [["custom.Endless", ["a"], ["b"]]]);
  expect(() => inlineFunctions(calling([endless], [["custom.Endless", ["x"], ["y"]]]))).toThrow(
    expect.objectContaining({ code: "E_NOT_ONNX" }),
  );
});
