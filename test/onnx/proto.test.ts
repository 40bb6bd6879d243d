/** Writing and reading ONNX files. */
import { create, toBinary } from "@bufbuild/protobuf";
import fc from "fast-check";
import {
  GraphProtoSchema,
  AttributeProto_AttributeType as Kind,
  TensorProto_DataLocation as Location,
  ModelProtoSchema,
  TensorProto_DataType as Type,
} from "onnx-buf";
import { describe, expect, test } from "vitest";
import { codeOfDtype, dtypeOfCode } from "../../src/onnx/dtype-codes.ts";
import { float, int, ints, type OnnxModel, string } from "../../src/onnx/model.ts";
import { readModel, writeModel } from "../../src/onnx/proto.ts";
import { type DType, float32, int64, type TensorData, zeros } from "../../src/onnx/tensor-data.ts";
import { graphOf, modelOf } from "../support/models.ts";

const dtypes: readonly DType[] = [
  "float32",
  "float64",
  "float16",
  "bfloat16",
  "int8",
  "uint8",
  "int16",
  "uint16",
  "int32",
  "uint32",
  "int64",
  "uint64",
  "bool",
];

const relu = (initializers: Readonly<Record<string, TensorData>> = {}): OnnxModel =>
  modelOf({ opset: 13, nodes: [["Relu", ["x"], ["y"]]], initializers });

/** A model in the file's own terms: one Relu, and tensors. */
function file(initializer: object[], graph: object = {}, model: object = {}): Uint8Array {
  return toBinary(
    ModelProtoSchema,
    create(ModelProtoSchema, {
      irVersion: 8n,
      opsetImport: [{ domain: "", version: 13n }],
      graph: {
        name: "g",
        node: [{ opType: "Relu", input: ["x"], output: ["y"] }],
        initializer: initializer as never,
        ...graph,
      },
      ...model,
    }),
  );
}

describe("round trip", () => {
  test("a model with every kind of attribute, a branch and metadata", () => {
    const branch = graphOf([["Neg", ["x"], ["b"]]], ["b"], { c: int64([1, 2]) });
    const model: OnnxModel = {
      ...modelOf({
        opset: 13,
        domains: { "com.example": 2 },
        initializers: { w: float32([1, 2, 3, 4], [2, 2]), empty: float32([], [0]) },
        nodes: [
          [
            "com.example.All",
            ["x", "", "w"],
            ["y"],
            {
              int: int(-3),
              far: int(2 ** 40),
              float: float(0.5),
              string: string("grüße"),
              ints: ints([1, -2]),
              floats: { kind: "floats", value: [0.5, 2] },
              strings: { kind: "strings", value: ["a", "b"] },
              tensor: { kind: "tensor", value: float32([1.5], []) },
              graph: { kind: "graph", value: branch },
            },
          ],
        ],
      }),
      metadata: new Map([["author", "someone"]]),
    };
    expect(readModel(writeModel(model))).toEqual(model);
  });

  test("tensors of every type and shape", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...dtypes),
        fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 3 }),
        fc.integer({ min: 0, max: 100 }),
        (dtype, dims, seed) => {
          const tensor = zeros(dtype, dims);
          const data = tensor.data as Uint8Array;
          const one = (i: number): number | bigint => (seed * 7 + i * 13) % 2;
          for (let i = 0; i < data.length; i++) {
            (data as unknown as (number | bigint)[])[i] = dtype.endsWith("int64") ? BigInt(one(i)) : one(i);
          }
          const read = readModel(writeModel(relu({ t: tensor })));
          expect(read.graph.initializers.get("t")).toEqual(tensor);
        },
      ),
      { seed: 1 },
    );
  });

  test("strings", () => {
    const tensor: TensorData = { dtype: "string", dims: [2], data: ["a", "ö"] };
    expect(readModel(writeModel(relu({ t: tensor }))).graph.initializers.get("t")).toEqual(tensor);
  });

  test("element types and their codes", () => {
    const names: Partial<Record<DType, string>> = { float32: "FLOAT", float64: "DOUBLE" };
    for (const dtype of [...dtypes, "string" as const]) {
      const name = names[dtype] ?? dtype.toUpperCase();
      expect(codeOfDtype(dtype)).toBe(Type[name as keyof typeof Type]);
      expect(dtypeOfCode(codeOfDtype(dtype))).toBe(dtype);
    }
    const held = new Set(dtypes.map(codeOfDtype)).add(Type.STRING);
    const others = Object.values(Type).filter(
      (code) => typeof code === "number" && !held.has(code),
    ) as number[];
    expect(others.length).toBeGreaterThan(4);
    for (const code of others.filter((each) => each !== Type.UNDEFINED)) {
      const message = `unsupported element type ${Type[code]}`;
      expect(() => dtypeOfCode(code)).toThrow(expect.objectContaining({ code: "E_DTYPE", message }));
    }
  });
});

describe("tensors in typed fields", () => {
  const cases: readonly [DType, object, ArrayLike<number | bigint>][] = [
    ["float32", { dataType: Type.FLOAT, floatData: [1.5, -2] }, [1.5, -2]],
    ["float64", { dataType: Type.DOUBLE, doubleData: [1.5, -2] }, [1.5, -2]],
    ["float16", { dataType: Type.FLOAT16, int32Data: [0x3c00, 0xc000] }, [0x3c00, 0xc000]],
    ["int8", { dataType: Type.INT8, int32Data: [1, -2] }, [1, -2]],
    ["uint8", { dataType: Type.UINT8, int32Data: [1, 254] }, [1, 254]],
    ["bool", { dataType: Type.BOOL, int32Data: [1, 0] }, [1, 0]],
    ["int16", { dataType: Type.INT16, int32Data: [1, -2] }, [1, -2]],
    ["int32", { dataType: Type.INT32, int32Data: [1, -2] }, [1, -2]],
    ["uint32", { dataType: Type.UINT32, uint64Data: [1n, 4000000000n] }, [1, 4000000000]],
    ["int64", { dataType: Type.INT64, int64Data: [1n, -2n] }, [1n, -2n]],
    ["uint64", { dataType: Type.UINT64, uint64Data: [1n, 2n] }, [1n, 2n]],
  ];
  test.each(cases)("%s", (dtype, fields, values) => {
    const read = readModel(file([{ name: "t", dims: [2n], ...fields }])).graph.initializers.get("t")!;
    expect(read.dtype).toBe(dtype);
    expect(Array.from(read.data as ArrayLike<number | bigint>)).toEqual(Array.from(values));
  });

  test("too few values", () => {
    const bytes = file([{ name: "t", dims: [3n], dataType: Type.FLOAT, floatData: [1, 2] }]);
    expect(() => readModel(bytes)).toThrow("tensor t of shape [3] needs 3 values, found 2");
  });

  test("too few bytes", () => {
    const bytes = file([{ name: "t", dims: [3n], dataType: Type.FLOAT, rawData: new Uint8Array(8) }]);
    expect(() => readModel(bytes)).toThrow(expect.objectContaining({ code: "E_TRUNCATED" }));
  });
});

describe("weights in other files", () => {
  const outside = (entries: Readonly<Record<string, string>>): object => ({
    name: "t",
    dims: [2n],
    dataType: Type.FLOAT,
    dataLocation: Location.EXTERNAL,
    externalData: Object.entries(entries).map(([key, value]) => ({ key, value })),
  });

  test("offset and length reach the reader", () => {
    const asked: unknown[] = [];
    const model = readModel(file([outside({ location: "w.bin", offset: "16", length: "8" })]), (...args) => {
      asked.push(args);
      return new Uint8Array(Float32Array.of(1, 2).buffer);
    });
    expect(asked).toEqual([["w.bin", 16, 8]]);
    expect(model.graph.initializers.get("t")).toEqual(float32([1, 2]));
  });

  test("without an offset the file is read from its start to its end", () => {
    const asked: unknown[] = [];
    readModel(file([outside({ location: "w.bin" })]), (...args) => {
      asked.push(args);
      return new Uint8Array(8);
    });
    expect(asked).toEqual([["w.bin", 0, null]]);
  });

  test("without a reader they are refused", () => {
    expect(() => readModel(file([outside({ location: "w.bin" })]))).toThrow(
      expect.objectContaining({ code: "E_EXTERNAL_DATA" }),
    );
  });
});

describe("what is no model", () => {
  test.each([
    ["nothing", new Uint8Array(0), "E_NOT_ONNX"],
    ["text", new TextEncoder().encode("<!DOCTYPE html><html></html>"), "E_NOT_ONNX"],
    ["an image", Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a), "E_NOT_ONNX"],
    [
      "a model cut short",
      writeModel(relu({ w: float32(new Float32Array(100)) })).subarray(0, 200),
      "E_TRUNCATED",
    ],
    [
      "a graph without a model",
      toBinary(GraphProtoSchema, create(GraphProtoSchema, { name: "g" })),
      "E_NOT_ONNX",
    ],
    ["a model without operator sets", file([], {}, { opsetImport: [] }), "E_NOT_ONNX"],
    ["a model without nodes", file([], { node: [] }), "E_NOT_ONNX"],
    ["sparse weights", file([], { sparseInitializer: [{ dims: [1n] }] }), "E_DTYPE"],
  ])("%s", (_, bytes, code) => {
    expect(() => readModel(bytes)).toThrow(expect.objectContaining({ code }));
  });
});

test("before IR version 4, initializers are among the inputs too", () => {
  const bytes = file([{ name: "w", dims: [1n], dataType: Type.FLOAT, floatData: [1] }], {
    input: [{ name: "x" }, { name: "w" }],
  });
  expect(readModel(bytes).graph.inputs.map((input) => input.name)).toEqual(["x"]);
});

test("functions with references to the call's attributes", () => {
  const bytes = file(
    [],
    {},
    {
      functions: [
        {
          name: "Scaled",
          domain: "custom",
          input: ["a"],
          output: ["b"],
          attribute: ["slope"],
          attributeProto: [{ name: "axis", type: Kind.INT, i: 1n }],
          node: [
            {
              opType: "LeakyRelu",
              input: ["a"],
              output: ["b"],
              attribute: [{ name: "alpha", refAttrName: "slope", type: Kind.FLOAT }],
            },
          ],
          opsetImport: [{ domain: "", version: 15n }],
        },
      ],
    },
  );
  const [read] = readModel(bytes).functions;
  expect(read).toMatchObject({
    domain: "custom",
    name: "Scaled",
    inputs: ["a"],
    outputs: ["b"],
    attributes: ["slope"],
    defaults: { axis: int(1) },
    opsets: new Map([["", 15]]),
  });
  expect(read!.nodes[0]!.attributes).toEqual({ alpha: { kind: "reference", value: "slope" } });
});
