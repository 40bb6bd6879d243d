/** A user's ONNX file as something that can be put inside a program. */
import { DrmGuardError } from "../errors.ts";
import { inlineFunctions } from "../onnx/functions.ts";
import type { OnnxGraph, OnnxModel, OnnxValueInfo } from "../onnx/model.ts";
import { type ExternalDataReader, readModel } from "../onnx/proto.ts";
import { assertSupported } from "../onnx/supported.ts";
import { isFloat, type TensorData } from "../onnx/tensor-data.ts";
import { toFloat32 } from "../onnx/to-float32.ts";
import { upgrade } from "../onnx/upgrade.ts";
import { programOpset } from "../tensor/graph.ts";
import { type HeldInputs, holdInputs } from "./held-inputs.ts";
import { rectifyAfterPooling } from "./rectify-after-pooling.ts";

/** A model in the form that programs take: one operator set, one float type, no functions, one image input. */
export interface ImportedModel {
  /** What the file says of itself. */
  readonly file: Pick<OnnxModel, "opsets" | "producer" | "irVersion" | "metadata">;
  readonly graph: OnnxGraph;
  /** The image input. */
  readonly input: OnnxValueInfo;
  /** The batch size that the file is fixed to, null when it is free. */
  readonly fixedBatch: number | null;
  /** Whether the file's input is uint8: such a model takes 0 to 255. Programs feed it floats. */
  readonly takesBytes: boolean;
}

/**
 * Reads a model and brings it into the form that programs take.
 *
 * Throws what {@link readModel}, {@link assertSupported}, {@link upgrade}, {@link toFloat32} and {@link holdInputs} throw; E_MODEL_INPUT when there is not
 * exactly one image input beside those that are held; E_NAN when weights are not finite.
 *
 * @param bytes the ONNX file
 * @param external how to get weights that lie beside the file
 * @param held values of the inputs beside the image
 */
export function importModel(
  bytes: Uint8Array,
  external?: ExternalDataReader,
  held: HeldInputs = {},
): ImportedModel {
  const model = readModel(bytes, external);
  const inlined = inlineFunctions(model);
  assertSupported(inlined.graph);
  const upgraded = upgrade(inlined, programOpset);
  const graph = rectifyAfterPooling(holdInputs(toFloat32(upgraded.graph), held));
  assertFinite(graph.initializers);
  const input = imageInput(graph);
  const batch = input.shape?.[0];
  return {
    file: {
      opsets: model.opsets,
      producer: model.producer,
      irVersion: model.irVersion,
      metadata: model.metadata,
    },
    graph: { ...graph, inputs: [input] },
    input,
    fixedBatch: typeof batch === "number" ? batch : null,
    takesBytes: upgraded.graph.inputs.some(({ name, dtype }) => name === input.name && dtype === "uint8"),
  };
}

function imageInput(graph: OnnxGraph): OnnxValueInfo {
  const describe = ({ name, dtype, shape }: OnnxValueInfo): string =>
    `${name}: ${dtype ?? "unknown"} [${shape?.map((dim) => dim ?? "?").join(", ") ?? "?"}]`;
  const [only, ...others] = graph.inputs;
  if (only === undefined || others.length > 0) {
    throw new DrmGuardError(
      "E_MODEL_INPUT",
      `found ${graph.inputs.length} inputs (${graph.inputs.map(describe).join("; ")}), expected one image`,
      others.length === 0
        ? {}
        : { hint: `only one image is searched; inputs beside it are held at values: ${holdingOf(graph)}` },
    );
  }
  const isImage = only.shape?.length === 4 && (only.dtype === "float32" || only.dtype === "uint8");
  if (!isImage) {
    throw new DrmGuardError(
      "E_MODEL_INPUT",
      `found input ${describe(only)}, expected float32 or uint8 with 4 axes`,
      {
        hint: "the model must take images as [N, C, H, W] or [N, H, W, C]",
      },
    );
  }
  // Bytes are fed as floats, so that a gradient can pass; the model's own cast to float does nothing then.
  return { ...only, dtype: "float32" };
}

/** What holds all inputs but the first that may be an image, at zeros. */
function holdingOf({ inputs }: OnnxGraph): string {
  const image = inputs.find(({ shape }) => shape?.length === 4) ?? inputs[0];
  const zerosOf = ({ shape }: OnnxValueInfo): string => {
    const [size = 1, ...more] = (shape ?? []).slice(1);
    return typeof size === "number" && size <= 4 && more.length === 0
      ? new Array(size).fill(0).join(",")
      : "0";
  };
  const others = inputs.filter((input) => input !== image);
  return `--hold ${others.map((input) => `${input.name}=${zerosOf(input)}`).join(",")}`;
}

function assertFinite(initializers: ReadonlyMap<string, TensorData>): void {
  const broken = [...initializers].filter(([, { dtype, data, dims }]) => {
    // Masks of attention are filled with -inf on purpose; NaN never is meant.
    return isFloat(dtype) && dims.length > 0 && (data as Float32Array).some((value) => Number.isNaN(value));
  });
  if (broken.length === 0) return;
  const names = broken.map(([name]) => name).slice(0, 5);
  throw new DrmGuardError("E_NAN", `${broken.length} weights hold NaN: ${names.join(", ")}`);
}
