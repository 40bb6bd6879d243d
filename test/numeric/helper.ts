/** The gradient of one node against central differences. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type GradientOptions, vectorJacobianProduct } from "../../src/autodiff/grad.ts";
import type { Attributes, OnnxModel } from "../../src/onnx/model.ts";
import { writeModel } from "../../src/onnx/proto.ts";
import { float32, sizeOf, type TensorData } from "../../src/onnx/tensor-data.ts";
import { compile } from "../../src/runtime/compile.ts";
import { nodeRuntime } from "../../src/runtime/node.ts";
import type { Arrays } from "../../src/runtime/runtime.ts";
import { Graph, programOpset, type Tensor } from "../../src/tensor/graph.ts";
import { valuesFrom } from "./values.ts";

/** A node to test: its inputs (null where one is left out), and which of them it is differentiated by. */
export interface NodeCase {
  readonly inputs: readonly (TensorData | null)[];
  readonly wrt: readonly number[];
  readonly attributes?: Attributes;
  /** How many outputs it has; 1 unless given. */
  readonly outputs?: number;
  /** The outputs that the loss depends on; all float ones unless given. */
  readonly lossOutputs?: readonly number[];
}

/** How cases of operators are made. */
export type CaseTable = Readonly<Record<string, fc.Arbitrary<NodeCase>>>;

const runtime = nodeRuntime({ threads: 1 });

/**
 * Half of the smallest distance between points of a difference. Float32 outputs near 1 are rounded by 6e-8, so a
 * smaller step would make the rounding of the difference, 6e-8 / step, larger than what is left out of the stencil.
 */
export const step = 2 ** -6;
/** Of the largest gradient. The stencil is off by O(step^4), about 1e-6; its rounding by 1e-5 of the outputs. */
const relativeTolerance = 2e-3;
const roundingTolerance = 2e-5;
/** Coordinates of one input that are moved; all in most cases. */
const maxCoordinates = 40;

/** Tests every operator of a table on generated cases: one test each, always with the same cases. */
export function testRules(group: string, table: CaseTable, runs = 12, options: GradientOptions = {}): void {
  describe(group, () => {
    test.each(Object.keys(table))("%s", async (op) => {
      await fc.assert(
        fc.asyncProperty(table[op]!, (nodeCase) => expectGradient(op, nodeCase, options)),
        { seed: 1, numRuns: runs },
      );
    });
  });
}

/**
 * Asserts that the rule of an operator gives the gradient of a random linear functional of its outputs, with respect
 * to every input named in `wrt`.
 */
export async function expectGradient(
  op: string,
  nodeCase: NodeCase,
  options: GradientOptions = {},
): Promise<void> {
  const session = await runtime.load(writeModel(singleNode(op, nodeCase)), { optimize: false });
  try {
    const point = feedsOf(nodeCase);
    const outputs = await session.run(point);
    const weights = Object.fromEntries(
      Object.entries(outputs).map(([name, { dims, dtype }], k) => [
        name,
        dtype === "float32" && (nodeCase.lossOutputs?.includes(k) ?? true) ? valuesFrom(900 + k, dims) : null,
      ]),
    );
    const gradients = await gradientsOf(op, nodeCase, outputs, weights, options);
    const loss = (results: Arrays): number =>
      Object.entries(weights).reduce((total, [name, weight]) => total + dot(weight, results[name]!), 0);
    const magnitude = Object.entries(weights).reduce(
      (total, [name, weight]) => total + absoluteDot(weight, outputs[name]!),
      0,
    );
    for (const index of nodeCase.wrt) {
      const name = inputName(index);
      const found = gradients[name]!.data as Float32Array;
      const places = coordinates(found.length);
      const expected: number[] = [];
      for (const place of places) {
        const at = async (offset: number): Promise<number> =>
          loss(await session.run({ ...point, [name]: moved(point[name]!, place, offset) }));
        const near = (await at(step)) - (await at(-step));
        const far = (await at(2 * step)) - (await at(-2 * step));
        expected.push((8 * near - far) / (12 * step));
      }
      const scale = Math.max(...expected.map(Math.abs), ...places.map((place) => Math.abs(found[place]!)));
      const allowed = relativeTolerance * scale + roundingTolerance * magnitude;
      places.forEach((place, i) => {
        const message = `${op}: d/d(input ${index})[${place}], expected ${expected[i]}, found ${found[place]}`;
        expect(Math.abs(found[place]! - expected[i]!), message).toBeLessThanOrEqual(allowed);
      });
    }
  } finally {
    await session.release();
  }
}

const inputName = (index: number): string => `input ${index}`;
const outputName = (index: number): string => `output ${index}`;

function feedsOf({ inputs, wrt }: NodeCase): Arrays {
  return Object.fromEntries(wrt.map((index) => [inputName(index), inputs[index]!]));
}

function singleNode(op: string, { inputs, wrt, attributes = {}, outputs = 1 }: NodeCase): OnnxModel {
  const names = Array.from({ length: outputs }, (_, k) => outputName(k));
  return {
    irVersion: 10,
    opsets: new Map([["", programOpset]]),
    producer: "test",
    metadata: new Map(),
    functions: [],
    graph: {
      name: op,
      nodes: [
        {
          name: op,
          op,
          domain: "",
          inputs: inputs.map((value, i) => (value === null ? "" : inputName(i))),
          outputs: names,
          attributes,
        },
      ],
      inputs: wrt.map((i) => ({ name: inputName(i), dtype: "float32", shape: inputs[i]!.dims })),
      outputs: names.map((name) => ({ name, dtype: null, shape: null })),
      initializers: new Map(
        inputs.flatMap((value, i) => (value === null || wrt.includes(i) ? [] : [[inputName(i), value]])),
      ),
    },
  };
}

async function gradientsOf(
  op: string,
  { inputs, wrt, attributes = {} }: NodeCase,
  outputs: Arrays,
  weights: Readonly<Record<string, TensorData | null>>,
  options: GradientOptions,
): Promise<Arrays> {
  const graph = new Graph();
  const tensors = inputs.map((value, i): Tensor | null => {
    if (value === null) return null;
    return wrt.includes(i) ? graph.input(inputName(i), value.dims) : graph.constant(value, inputName(i));
  });
  const specs = Object.values(outputs).map(({ dims, dtype }) => ({ shape: dims, dtype }));
  const made = graph.emit(op, tensors, specs, attributes);
  const weighted = Object.values(weights).flatMap((weight, k) =>
    weight === null ? [] : [{ output: made[k]!, cotangent: graph.constant(weight) }],
  );
  const gradients = vectorJacobianProduct(
    weighted.map(({ output }) => output),
    weighted.map(({ cotangent }) => cotangent),
    wrt.map((i) => tensors[i]!),
    options,
  );
  const named = Object.fromEntries(wrt.map((i, k) => [inputName(i), gradients[k]!]));
  const program = await compile(runtime, named);
  try {
    return await program.run(feedsOf({ inputs, wrt }));
  } finally {
    await program.release();
  }
}

function moved(value: TensorData, place: number, offset: number): TensorData {
  const data = Float32Array.from(value.data as Float32Array);
  data[place]! += offset;
  return float32(data, value.dims);
}

/** All places, or as many as are tried spread evenly over them. */
function coordinates(size: number): number[] {
  const count = Math.min(size, maxCoordinates);
  return Array.from({ length: count }, (_, k) => Math.floor((k * size) / count));
}

function dot(weight: TensorData | null, value: TensorData): number {
  if (weight === null) return 0;
  let total = 0;
  for (let i = 0; i < sizeOf(weight.dims); i++) total += Number(weight.data[i]) * Number(value.data[i]);
  return total;
}

function absoluteDot(weight: TensorData | null, value: TensorData): number {
  if (weight === null) return 0;
  let total = 0;
  for (let i = 0; i < sizeOf(weight.dims); i++)
    total += Math.abs(Number(weight.data[i]) * Number(value.data[i]));
  return total;
}
