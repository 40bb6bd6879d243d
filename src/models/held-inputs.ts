/** Inputs beside the image: a program has images alone, so that all others are held at values. */
import { DrmGuardError } from "../errors.ts";
import { int, type OnnxGraph, type OnnxValueInfo } from "../onnx/model.ts";
import { Rewriter } from "../onnx/rewrite.ts";
import { isFloat, sizeOf, type TensorData, toInt64, toNumbers, zeros } from "../onnx/tensor-data.ts";

/** Numbers by the name of an input: one for all of its elements, or one for each of an image's. */
export type HeldInputs = Readonly<Record<string, readonly number[]>>;

/**
 * Reads `name=1,2,other=3`: a part with `=` begins an input, numbers behind it are its too. Inputs are in the order of their names, whatever that of the text.
 *
 * Throws E_USAGE that says what was expected.
 */
export function parseHeldInputs(text: string): HeldInputs {
  const held = new Map<string, number[]>();
  const refuse = (): DrmGuardError =>
    new DrmGuardError("E_USAGE", `found "${text}", expected inputs and numbers such as pose=0.1,-0.2`);
  let values: number[] | undefined;
  for (const part of text.split(",")) {
    // A name may hold the sign itself; a number cannot.
    const sign = part.lastIndexOf("=");
    const name = part.slice(0, Math.max(sign, 0)).trim();
    if (sign >= 0) {
      if (name === "" || held.has(name)) throw refuse();
      values = [];
      held.set(name, values);
    }
    const number = part.slice(sign + 1).trim();
    const value = number === "" ? Number.NaN : Number(number);
    if (values === undefined || !Number.isFinite(value)) throw refuse();
    values.push(value);
  }
  return Object.fromEntries([...held].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Held inputs as {@link parseHeldInputs} reads them. */
export function heldInputsText(held: HeldInputs): string {
  return Object.entries(held)
    .map(([name, values]) => `${name}=${values.join(",")}`)
    .join(",");
}

/**
 * A graph whose inputs are those alone that are not held. What is held is repeated for every image where the input's first axis is the batch:
 * where it is open, or as long as that of the image.
 *
 * Throws E_USAGE for a name that is no input and for values that do not fit its shape or type, E_MODEL_INPUT for an input that leaves other axes open.
 */
export function holdInputs(graph: OnnxGraph, held: HeldInputs): OnnxGraph {
  const names = graph.inputs.map(({ name }) => name);
  const unknown = Object.keys(held).filter((name) => !names.includes(name));
  if (unknown.length > 0) {
    throw new DrmGuardError(
      "E_USAGE",
      `found no input ${unknown.join(", ")} to hold, expected one of ${names.join(", ")}`,
    );
  }
  const isHeld = ({ name }: OnnxValueInfo): boolean => Object.hasOwn(held, name);
  const inputs = graph.inputs.filter((input) => !isHeld(input));
  const [image] = inputs;
  if (image === undefined) {
    throw new DrmGuardError(
      "E_USAGE",
      `found all inputs held (${names.join(", ")}), expected an image to be left`,
    );
  }
  const to = new Rewriter(graph);
  for (const input of graph.inputs.filter(isHeld)) {
    const { shape, isPerImage } = shapeOf(input, image);
    const value = filled(input, shape, held[input.name]!);
    if (!isPerImage) {
      to.initializers.set(input.name, value);
      continue;
    }
    const ofOne = to.constant({ ...value, dims: [1, ...shape] }, `held ${input.name}`);
    const batch = to.emit("Shape", [image.name], { start: int(0), end: int(1) });
    const ofAll = to.emit("Concat", [batch, to.ints(shape)], { axis: int(0) });
    to.emit("Expand", [ofOne, ofAll], {}, input.name);
  }
  return { ...graph, inputs, initializers: to.initializers, nodes: [...to.nodes, ...graph.nodes] };
}

/** The axes of what is held: those of one image, or all where there is no batch. */
function shapeOf(
  { name, shape }: OnnxValueInfo,
  image: OnnxValueInfo,
): { shape: readonly number[]; isPerImage: boolean } {
  const [first, ...rest] = shape ?? [];
  const isPerImage =
    shape !== null && shape.length > 0 && (typeof first !== "number" || first === image.shape?.[0]);
  const own = isPerImage ? rest : shape;
  if (own?.every((dim) => typeof dim === "number")) return { shape: own, isPerImage };
  throw new DrmGuardError(
    "E_MODEL_INPUT",
    `found input ${name} of shape [${shape?.map((dim) => dim ?? "?").join(", ") ?? "?"}], expected a number for every axis but the first of what is held`,
  );
}

function filled(
  { name, dtype }: OnnxValueInfo,
  shape: readonly number[],
  values: readonly number[],
): TensorData {
  const type = dtype ?? "float32";
  const size = sizeOf(shape);
  if (type === "string" || (values.length !== 1 && values.length !== size)) {
    throw new DrmGuardError(
      "E_USAGE",
      `found ${values.length} numbers for input ${name}: ${type} [${shape.join(", ")}], expected ${type === "string" ? "an input of numbers" : size === 1 ? "1" : `1 or ${size}`}`,
    );
  }
  const tensor = zeros(type, shape);
  const data = tensor.data as { [index: number]: number | bigint };
  const isLong = type === "int64" || type === "uint64";
  for (let i = 0; i < size; i++) {
    const value = values[i % values.length]!;
    data[i] = isLong ? toInt64(value) : value;
  }
  // Arrays of whole numbers cut what is none, or too large, without a word.
  const isKept = isFloat(type) || toNumbers(tensor).every((value, i) => value === values[i % values.length]);
  const isTruth = type !== "bool" || values.every((value) => value === 0 || value === 1);
  if (isKept && isTruth) return tensor;
  throw new DrmGuardError(
    "E_USAGE",
    `found ${values.join(", ")} for input ${name}, expected ${type === "bool" ? "0 or 1" : `numbers of type ${type}`}`,
  );
}
