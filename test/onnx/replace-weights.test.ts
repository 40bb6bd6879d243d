/** Files with other weights and nothing else changed. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { TensorProto_DataLocation as Location, type ModelProto, ModelProtoSchema } from "onnx-buf";
import { describe, expect, test } from "vitest";
import { codeOfDtype } from "../../src/onnx/dtype-codes.ts";
import { readModel, writeModel } from "../../src/onnx/proto.ts";
import { replaceWeights } from "../../src/onnx/replace-weights.ts";
import {
  type DType,
  float16ToNumber,
  float32,
  numberToBfloat16,
  numberToFloat16,
  toNumbers,
} from "../../src/onnx/tensor-data.ts";
import { errorOf } from "../support/errors.ts";
import { modelOf } from "../support/models.ts";

const references = join(import.meta.dirname, "..", "references");
const unchanged = (location: string): string => location;

/** The file with the values of some tensors blanked out. */
function withoutValues(bytes: Uint8Array, names: ReadonlySet<string>): ModelProto {
  const proto = fromBinary(ModelProtoSchema, bytes);
  for (const tensor of proto.graph!.initializer) {
    if (names.has(tensor.name)) Object.assign(tensor, { rawData: new Uint8Array(), floatData: [] });
  }
  return proto;
}

describe("half precision", () => {
  test("every number of it is itself again", () => {
    for (let bits = 0; bits < 0x10000; bits++) {
      const value = float16ToNumber(bits);
      if (!Number.isNaN(value)) expect(numberToFloat16(value)).toBe(bits);
    }
    expect(float16ToNumber(numberToFloat16(Number.NaN))).toBeNaN();
  });

  test("between two of them the nearer is taken, and in the middle the even one", () => {
    for (let bits = 0; bits < 0x7bff; bits += 7) {
      const [low, high] = [float16ToNumber(bits), float16ToNumber(bits + 1)];
      expect(numberToFloat16(low + 0.4 * (high - low))).toBe(bits);
      expect(numberToFloat16(low + 0.6 * (high - low))).toBe(bits + 1);
      expect(numberToFloat16((low + high) / 2)).toBe(bits % 2 === 0 ? bits : bits + 1);
    }
    expect(numberToFloat16(1e6)).toBe(0x7c00);
    expect(numberToFloat16(-1e-9)).toBe(0x8000);
  });

  test("bfloat16 is the upper half of float32, rounded", () => {
    const value = (bits: number): number => new Float32Array(Uint32Array.of(bits << 16).buffer)[0]!;
    for (const bits of [0, 1, 0x3f80, 0x3f81, 0xbf80, 0x7f7f]) {
      expect(numberToBfloat16(value(bits))).toBe(bits);
      expect(numberToBfloat16(value(bits) * 1.001)).toBe(bits);
    }
    expect(numberToBfloat16(1 + 1 / 256)).toBe(0x3f80);
    expect(numberToBfloat16(1 + 3 / 256)).toBe(0x3f82);
  });
});

describe("weights in a file", () => {
  test.each(["resnet_opset17", "fp16_weights", "functions_opset17", "keras_resnet_opset11"])(
    "%s: with its own weights it is the same file, with others only these differ",
    (name) => {
      const bytes = new Uint8Array(readFileSync(join(references, `${name}.onnx`)));
      const model = readModel(bytes);
      const floats = [...model.graph.initializers].filter(([, { dtype }]) => /float/.test(dtype));
      const own = new Map(floats.map(([key, tensor]) => [key, Float32Array.from(toNumbers(tensor))]));
      const same = replaceWeights(bytes, own, unchanged);
      expect(fromBinary(ModelProtoSchema, same.bytes)).toEqual(fromBinary(ModelProtoSchema, bytes));
      const others = new Map([...own].map(([key, values]) => [key, values.map((v) => v + 0.25)]));
      const patched = replaceWeights(bytes, others, unchanged).bytes;
      const names = new Set(own.keys());
      expect(withoutValues(patched, names)).toEqual(withoutValues(bytes, names));
      const read = readModel(patched).graph.initializers;
      for (const [key, values] of others) {
        const { dtype } = model.graph.initializers.get(key)!;
        const tolerance = dtype === "float16" ? 2e-3 : 0;
        toNumbers(read.get(key)!).forEach((value, i) => {
          expect(Math.abs(value - values[i]!)).toBeLessThanOrEqual(tolerance * (1 + Math.abs(values[i]!)));
        });
      }
    },
  );

  test.each([
    ["float32", "floatData"],
    ["float64", "doubleData"],
    ["float16", "int32Data"],
    ["bfloat16", "int32Data"],
  ] as const)("values of %s that stand as numbers stay numbers", (dtype: DType, field) => {
    const bytes = toBinary(
      ModelProtoSchema,
      create(ModelProtoSchema, {
        irVersion: 8n,
        opsetImport: [{ domain: "", version: 13n }],
        graph: {
          name: "g",
          node: [{ opType: "Add", input: ["x", "w"], output: ["y"] }],
          initializer: [{ name: "w", dims: [2n], dataType: codeOfDtype(dtype), [field]: [0, 0] }] as never,
        },
      }),
    );
    const patched = replaceWeights(bytes, new Map([["w", Float32Array.of(1.5, -2)]]), unchanged).bytes;
    const [tensor] = fromBinary(ModelProtoSchema, patched).graph!.initializer;
    expect(tensor![field]).toHaveLength(2);
    expect(tensor!.rawData).toHaveLength(0);
    expect(toNumbers(readModel(patched).graph.initializers.get("w")!)).toEqual([1.5, -2]);
  });

  test("constants that are nodes are replaced too", () => {
    const value = { kind: "tensor", value: float32([1, 2]) } as const;
    const floats = { kind: "floats", value: [3, 4] } as const;
    const bytes = writeModel(
      modelOf({
        opset: 13,
        nodes: [
          ["Constant", [], ["a"], { value }],
          ["Constant", [], ["b"], { value_floats: floats }],
          ["Add", ["a", "b"], ["y"]],
        ],
      }),
    );
    const weights = new Map([
      ["a", Float32Array.of(5, 6)],
      ["b", Float32Array.of(7, 8)],
    ]);
    const [a, b] = readModel(replaceWeights(bytes, weights, unchanged).bytes).graph.nodes;
    expect(a!.attributes.value).toEqual({ kind: "tensor", value: float32([5, 6]) });
    expect(b!.attributes.value_floats).toEqual({ kind: "floats", value: [7, 8] });
  });

  test("weights beside the file become patches of a copy under another name", () => {
    const bytes = new Uint8Array(readFileSync(join(references, "external_data.onnx")));
    const data = readFileSync(join(references, "external_data.onnx.data"));
    const read = (location: string, offset: number, length: number | null): Uint8Array => {
      expect(location).toBe("external_data.onnx.data");
      return data.subarray(offset, length === null ? undefined : offset + length);
    };
    const model = readModel(bytes, read);
    const tensors = fromBinary(ModelProtoSchema, bytes).graph!.initializer;
    const outside = tensors.find(({ dataLocation }) => dataLocation === Location.EXTERNAL)!;
    const values = (model.graph.initializers.get(outside.name)!.data as Float32Array).map((v) => v + 1);
    const patched = replaceWeights(bytes, new Map([[outside.name, values]]), (_, k) => `copy-${k}`);
    const [patch] = patched.external;
    expect(patched.external).toHaveLength(1);
    expect(patch).toMatchObject({ location: "external_data.onnx.data", copy: "copy-0" });
    expect(patch!.parts).toHaveLength(1);
    const copy = new Uint8Array(data);
    for (const part of patch!.parts) copy.set(part.bytes, part.offset);
    const again = readModel(patched.bytes, (location, offset, length) => {
      expect(location).toBe("copy-0");
      return copy.subarray(offset, length === null ? undefined : offset + length);
    });
    for (const [name, tensor] of model.graph.initializers) {
      const expected = name === outside.name ? [...values] : toNumbers(tensor);
      expect(toNumbers(again.graph.initializers.get(name)!)).toEqual(expected);
    }
  });

  test("names and sizes that do not fit are refused", async () => {
    const bytes = writeModel(
      modelOf({
        opset: 13,
        nodes: [["Add", ["x", "w"], ["y"]]],
        initializers: { w: float32([1, 2]), n: { dtype: "int32", dims: [1], data: Int32Array.of(1) } },
      }),
    );
    const attempt = (name: string, count: number) =>
      errorOf(() => replaceWeights(bytes, new Map([[name, new Float32Array(count)]]), unchanged));
    expect(await attempt("v", 2)).toMatchObject({ code: "E_SHAPE" });
    expect(await attempt("w", 3)).toMatchObject({ code: "E_SHAPE" });
    expect(await attempt("n", 1)).toMatchObject({ code: "E_DTYPE" });
  });
});
