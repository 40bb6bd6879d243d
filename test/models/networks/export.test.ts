import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { checkModel } from "../../../src/models/check.ts";
import { importModel } from "../../../src/models/import.ts";
import { exportNetwork } from "../../../src/models/networks/export.ts";
import { defaultPreprocessing } from "../../../src/models/preprocessing.ts";
import { readModel } from "../../../src/onnx/proto.ts";
import { float32 } from "../../../src/onnx/tensor-data.ts";
import { nodeRuntime } from "../../../src/runtime/node.ts";
import { errorOf } from "../../support/errors.ts";
import { networkReference, referenceNetworks } from "../../support/network-references.ts";
import { relativeError } from "../../support/references.ts";

const description = { task: "gaze", units: "radians", outputNames: ["pitch", "yaw"], seed: 5 };
const python = "/usr/bin/python3";
const hasOnnx = spawnSync(python, ["-c", "import onnx"]).status === 0;

describe.each(referenceNetworks)("an exported $architecture, $stem", async (options) => {
  const reference = await networkReference(options);
  const bytes = exportNetwork(reference, options, description);

  test("runs at any batch size and gives what PyTorch gives in inference", async () => {
    const session = await nodeRuntime().load(bytes);
    const expected = reference.arrays.inference!.data as Float32Array;
    const { data, dims } = reference.arrays.x!;
    const all = await session.run({ image: reference.arrays.x! });
    const size = dims[1]! * dims[2]! * dims[3]!;
    const one = await session.run({
      image: float32((data as Float32Array).slice(0, size), [1, ...dims.slice(1)]),
    });
    await session.release();
    expect(all.outputs!.dims).toEqual([4, 2]);
    expect(relativeError(expected, all.outputs!.data as Float32Array)).toBeLessThan(1e-4);
    expect(one.outputs!.dims).toEqual([1, 2]);
    expect(relativeError(expected.slice(0, 2), one.outputs!.data as Float32Array)).toBeLessThan(1e-3);
  });

  test("holds no batch norm, is of operator set 17 and says what it is", () => {
    const model = readModel(bytes);
    expect(model.opsets).toEqual(new Map([["", 17]]));
    expect(model.graph.nodes.map(({ op }) => op)).not.toContain("BatchNormalization");
    expect(model.graph.inputs).toEqual([{ name: "image", dtype: "float32", shape: ["N", ...options.image] }]);
    expect(model.graph.outputs).toEqual([{ name: "outputs", dtype: "float32", shape: ["N", 2] }]);
    expect(Object.fromEntries(model.metadata)).toEqual({
      task: "gaze",
      units: "radians",
      outputs: "pitch,yaw",
      normalisation: "none: pixels in [0, 1]",
      channels: "rgb",
      architecture: options.architecture,
      width: `${options.width}`,
      seed: "5",
    });
  });

  test("can be scanned", async () => {
    const report = await checkModel({
      runtime: nodeRuntime(),
      model: importModel(bytes),
      preprocessing: defaultPreprocessing,
      size: null,
      features: null,
      outputs: null,
      seed: 0,
    });
    expect(report.problems).toEqual([]);
    expect(report.split).toMatchObject([{ rows: 2, width: reference.parameters["head.weight"]!.dims[1] }]);
  });

  test.skipIf(!hasOnnx)("passes ONNX's own checker, with its shapes inferred", () => {
    const folder = mkdtempSync(join(tmpdir(), "drmguard-export-"));
    const file = join(folder, "model.onnx");
    writeFileSync(file, bytes);
    const check =
      "import onnx, sys; m = onnx.load(sys.argv[1]); onnx.checker.check_model(m, full_check=True);" +
      "print([d.dim_value or d.dim_param for d in onnx.shape_inference.infer_shapes(m).graph.output[0].type.tensor_type.shape.dim])";
    const { status, stdout, stderr } = spawnSync(python, ["-c", check, file], { encoding: "utf8" });
    rmSync(folder, { recursive: true });
    expect(stderr).toBe("");
    expect([status, stdout.trim()]).toEqual([0, "['N', 2]"]);
  });
});

test("a name for each output is asked for, and weights must be finite", async () => {
  const [options] = referenceNetworks as [(typeof referenceNetworks)[0]];
  const reference = await networkReference(options);
  const named = await errorOf(() =>
    exportNetwork(reference, options, { ...description, outputNames: ["yaw"] }),
  );
  expect(named).toMatchObject({ code: "E_SHAPE", message: "found 1 names of outputs, expected 2" });
  const parameters = { ...reference.parameters, "head.bias": float32([0, Number.NaN]) };
  const broken = await errorOf(() => exportNetwork({ ...reference, parameters }, options, description));
  expect(broken).toMatchObject({ code: "E_NAN" });
});
