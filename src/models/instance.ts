/** A model at one input shape: every tensor's shape known, and everything that does not depend on pixels computed. */
import { DrmGuardError, messageOf } from "../errors.ts";
import { dtypeOfCode } from "../onnx/dtype-codes.ts";
import type { Attribute, OnnxGraph, OnnxNode, OnnxValueInfo } from "../onnx/model.ts";
import { getInt } from "../onnx/model.ts";
import { writeModel } from "../onnx/proto.ts";
import { ownNames, renamedGraph } from "../onnx/rename.ts";
import { type DType, isFloat, sizeOf, type TensorData, toNumbers, zeros } from "../onnx/tensor-data.ts";
import type { Arrays, Runtime } from "../runtime/runtime.ts";
import { programOpset } from "../tensor/graph.ts";
import type { ImportedModel } from "./import.ts";
import { assertSameFunction, rebatch } from "./rebatch.ts";
import { recurrentOps, unrollRecurrent } from "./recurrent.ts";

/** A model at one input shape. */
export interface ModelInstance {
  readonly model: ImportedModel;
  readonly nodes: readonly OnnxNode[];
  readonly inputShape: readonly number[];
  readonly outputs: readonly string[];
  readonly initializers: ReadonlyMap<string, TensorData>;
  /** Shapes of all tensors that nodes make. */
  readonly shapes: ReadonlyMap<string, readonly number[]>;
  /** Types of all tensors. */
  readonly dtypes: ReadonlyMap<string, DType>;
  /** Values of what depends on shapes but not on pixels or weights. */
  readonly folded: ReadonlyMap<string, TensorData>;
}

/** Float constants longer than this are weights; what is computed from weights stays in the graph. */
const longestShapeConstant = 8;

/**
 * Finds all shapes of a model at one input shape by running it once, and folds shape arithmetic away.
 *
 * A model that is fixed to another batch size is opened to the wanted one where that leaves its function as it is;
 * otherwise the instance has the model's own batch size, and programs run it several times side by side.
 *
 * Throws E_INVALID_MODEL when the runtime refuses the model, E_MODEL_INPUT when it does not run at that shape, E_UNSUPPORTED_OPERATOR when control flow depends
 * on pixels or the runtime does not have an operator.
 *
 * @param runtime what runs it
 * @param model the model
 * @param inputShape the shape of the image input, batch first, in the model's own layout
 */
export async function instantiate(
  runtime: Runtime,
  model: ImportedModel,
  inputShape: readonly number[],
): Promise<ModelInstance> {
  const batch = inputShape[0]!;
  const fixed = model.fixedBatch;
  if (fixed === null || fixed === batch) return await settle(runtime, model, model.graph, inputShape);
  try {
    const graph = rebatch(model.graph, model.input.name, fixed, batch);
    await assertSameFunction(runtime, model, graph, inputShape);
    return await settle(runtime, model, graph, inputShape);
  } catch (error) {
    // Opening the batch is an attempt; what always works is to run the model as it is, several times side by side.
    const attempts: readonly string[] = ["E_MODEL_INPUT", "E_INVALID_MODEL", "E_RUNTIME"];
    const isAttempt = error instanceof DrmGuardError && attempts.includes(error.code);
    if (!isAttempt || batch % fixed !== 0) throw error;
    return await settle(runtime, model, model.graph, [fixed, ...inputShape.slice(1)]);
  }
}

async function settle(
  runtime: Runtime,
  model: ImportedModel,
  start: OnnxGraph,
  inputShape: readonly number[],
): Promise<ModelInstance> {
  let graph = start;
  // Each round opens the conditionals whose condition the last round could see, and then layers of known length.
  for (;;) {
    const probed = await probe(runtime, model, graph, inputShape);
    if (graph.nodes.some((node) => node.op === "If")) graph = openConditionals(graph, probed.folded);
    else if (graph.nodes.some((node) => recurrentOps.has(node.op))) {
      graph = unrollRecurrent(graph, {
        shape: (name) => probed.shapes.get(name) ?? graph.initializers.get(name)?.dims ?? inputShape,
        value: (name) => probed.folded.get(name) ?? graph.initializers.get(name),
      });
    } else return probed;
  }
}

async function probe(
  runtime: Runtime,
  model: ImportedModel,
  graph: OnnxGraph,
  inputShape: readonly number[],
): Promise<ModelInstance> {
  const { foldable, isStatic } = classify(graph);
  assertFixedShapes(graph, isStatic);
  const produced = graph.nodes.flatMap((node) => node.outputs).filter((name) => name !== "");
  const results = await runProbe(runtime, model, graph, inputShape, produced, foldable);
  const shapes = new Map(produced.map((name) => [name, toNumbers(results[shapeOf(name)]!)]));
  const folded = new Map([...foldable].map((name) => [name, results[name]!]));
  return {
    model,
    nodes: graph.nodes,
    inputShape,
    outputs: graph.outputs.map((output) => output.name),
    initializers: graph.initializers,
    shapes,
    dtypes: dtypesOf(graph, folded),
    folded,
  };
}

const shapeOf = (name: string): string => `shape of ${name}`;

async function runProbe(
  runtime: Runtime,
  model: ImportedModel,
  graph: OnnxGraph,
  inputShape: readonly number[],
  produced: readonly string[],
  foldable: ReadonlySet<string>,
): Promise<Arrays> {
  const shapeNodes = produced.map(
    (name): OnnxNode => ({
      name: shapeOf(name),
      op: "Shape",
      domain: "",
      inputs: [name],
      outputs: [shapeOf(name)],
      attributes: {},
    }),
  );
  const untyped = (name: string): OnnxValueInfo => ({ name, dtype: null, shape: null });
  const bytes = writeModel({
    irVersion: 10,
    opsets: new Map([...model.file.opsets, ["", programOpset]]),
    producer: "drmguard",
    metadata: new Map(),
    functions: [],
    graph: {
      ...graph,
      inputs: [{ name: model.input.name, dtype: "float32", shape: inputShape.map(() => null) }],
      nodes: [...graph.nodes, ...shapeNodes],
      outputs: [
        ...shapeNodes.map((node): OnnxValueInfo => ({ name: node.outputs[0]!, dtype: "int64", shape: null })),
        ...[...foldable].map(untyped),
      ],
    },
  });
  const session = await runtime.load(bytes, { optimize: false }).catch((cause: unknown) => {
    const code = isUnknownOperator(cause) ? "E_UNSUPPORTED_OPERATOR" : "E_INVALID_MODEL";
    const isRefusal = cause instanceof DrmGuardError && cause.code === "E_RUNTIME";
    throw isRefusal ? new DrmGuardError(code, cause.message, { cause }) : cause;
  });
  try {
    return await session.run({ [model.input.name]: zeros("float32", inputShape) });
  } catch (cause) {
    if (cause instanceof DrmGuardError && cause.code === "E_MEMORY") throw cause;
    throw new DrmGuardError(
      "E_MODEL_INPUT",
      `the model does not run on images of shape [${inputShape.join(", ")}]: ${messageOf(cause)}`,
      { cause },
    );
  } finally {
    await session.release();
  }
}

/** Whether the runtime refused a graph for an operator that it does not have. */
const isUnknownOperator = (cause: unknown): boolean =>
  /no op registered|not a registered function|not_implemented|could not find an implementation/i.test(
    messageOf(cause),
  );

/**
 * Tells tensors that do not depend on pixels ("static") from those that do, and those to fold among them: all that
 * are no floats, and floats that come from shapes and short constants alone.
 */
function classify(graph: OnnxGraph): { foldable: Set<string>; isStatic: Set<string> } {
  const isStatic = new Set<string>(graph.initializers.keys());
  const isWeight = new Set<string>(
    [...graph.initializers]
      .filter(([, value]) => isFloat(value.dtype) && sizeOf(value.dims) > longestShapeConstant)
      .map(([name]) => name),
  );
  const integers = integerTensors(graph);
  const foldable = new Set<string>();
  for (const node of graph.nodes) {
    const reads = [...node.inputs, ...outerReads(node)].filter((name) => name !== "");
    const readsShape = node.op === "Shape" || node.op === "Size";
    if (!readsShape && !reads.every((name) => isStatic.has(name))) continue;
    const fromWeights = !readsShape && reads.some((name) => isWeight.has(name));
    for (const output of node.outputs) {
      if (output === "") continue;
      isStatic.add(output);
      if (fromWeights && !integers.has(output)) isWeight.add(output);
      else foldable.add(output);
    }
  }
  return { foldable, isStatic };
}

/** Operators whose outputs are as long as the values that they find. */
const countingOps: ReadonlySet<string> = new Set(["Compress", "NonMaxSuppression", "NonZero", "Unique"]);

/** Throws E_UNSUPPORTED_OPERATOR when shapes depend on pixels: a program has the same shapes for all images. */
function assertFixedShapes(graph: OnnxGraph, isStatic: ReadonlySet<string>): void {
  const counting = graph.nodes.filter((node) => {
    if (!countingOps.has(node.op)) return false;
    // What is kept of the data does not depend on the data, but on the condition.
    const deciding = node.op === "Compress" ? [node.inputs[1]!] : node.inputs;
    return !deciding.every((name) => name === "" || isStatic.has(name));
  });
  if (counting.length === 0) return;
  const names = counting.map(({ op, name, outputs }) => `${op} (${name || outputs[0]})`);
  throw new DrmGuardError(
    "E_UNSUPPORTED_OPERATOR",
    `found shapes that depend on the image: ${names.join(", ")}; expected the same for all images`,
  );
}

/** The names that the branches of a node read from around it. */
function outerReads(node: OnnxNode): string[] {
  return Object.values(node.attributes).flatMap((attribute) => {
    if (attribute.kind !== "graph") return [];
    const own = new Set([
      ...attribute.value.initializers.keys(),
      ...attribute.value.nodes.flatMap((n) => n.outputs),
    ]);
    return attribute.value.nodes
      .flatMap((n) => [...n.inputs, ...outerReads(n)])
      .filter((name) => !own.has(name));
  });
}

function integerTensors(graph: OnnxGraph): Set<string> {
  const dtypes = dtypesOf(graph, new Map());
  return new Set([...dtypes].filter(([, dtype]) => !isFloat(dtype)).map(([name]) => name));
}

const booleanOps = new Set([
  "And",
  "Equal",
  "Greater",
  "GreaterOrEqual",
  "IsInf",
  "IsNaN",
  "Less",
  "LessOrEqual",
  "Not",
  "Or",
  "Xor",
]);
const integerOps = new Set(["ArgMax", "ArgMin", "NonMaxSuppression", "NonZero", "Shape", "Size"]);
/** Operators whose outputs after the first are indices. */
const indexingOps = new Set(["MaxPool", "TopK", "Unique"]);

/** The types of all tensors, from the rules that operators follow. */
function dtypesOf(graph: OnnxGraph, known: ReadonlyMap<string, TensorData>): Map<string, DType> {
  const dtypes = new Map<string, DType>(graph.inputs.map((input) => [input.name, input.dtype ?? "float32"]));
  for (const [name, value] of graph.initializers) dtypes.set(name, value.dtype);
  const of = (name: string | undefined): DType => dtypes.get(name ?? "") ?? "float32";
  for (const node of graph.nodes) {
    node.outputs.forEach((output, i) => {
      dtypes.set(output, known.get(output)?.dtype ?? outputType(node, i, of));
    });
  }
  return dtypes;
}

function outputType(node: OnnxNode, index: number, of: (name: string | undefined) => DType): DType {
  if (booleanOps.has(node.op)) return "bool";
  if (integerOps.has(node.op)) return "int64";
  if (index > 0 && indexingOps.has(node.op)) return "int64";
  // The number of trips and the condition come before what a loop carries.
  if (node.op === "Loop") return of(node.inputs[index + 2]);
  if (node.op === "Cast") return dtypeOfCode(getInt(node, "to", 1));
  if (node.op === "CastLike" || node.op === "Where") return of(node.inputs[1]);
  if (node.op === "OneHot") return of(node.inputs[2]);
  if (node.op === "DequantizeLinear") return of(node.inputs[1]);
  if (node.op === "ConstantOfShape") return tensorAttribute(node.attributes.value)?.dtype ?? "float32";
  return of(node.inputs[0]);
}

function tensorAttribute(attribute: Attribute | undefined): TensorData | undefined {
  return attribute?.kind === "tensor" ? attribute.value : undefined;
}

/** Replaces each If whose condition is known by the branch that it takes. */
function openConditionals(graph: OnnxGraph, folded: ReadonlyMap<string, TensorData>): OnnxGraph {
  const initializers = new Map(graph.initializers);
  const nodes = graph.nodes.flatMap((node): readonly OnnxNode[] => {
    if (node.op !== "If") return [node];
    const condition = folded.get(node.inputs[0]!) ?? initializers.get(node.inputs[0]!);
    if (condition === undefined) {
      throw new DrmGuardError(
        "E_UNSUPPORTED_OPERATOR",
        `If (${node.name}) depends on the image: it has no gradient`,
      );
    }
    const branch = node.attributes[toNumbers(condition)[0] ? "then_branch" : "else_branch"];
    if (branch?.kind !== "graph") throw new DrmGuardError("E_NOT_ONNX", `If (${node.name}) has no branches`);
    const opened = openedBranch(branch.value, node.outputs[0]!);
    for (const [name, value] of opened.initializers) initializers.set(name, value);
    const results = opened.outputs.map(
      (output, i): OnnxNode => ({
        name: `${node.name}/${i}`,
        op: "Identity",
        domain: "",
        inputs: [output.name],
        outputs: [node.outputs[i]!],
        attributes: {},
      }),
    );
    return [...opened.nodes, ...results];
  });
  return { ...graph, nodes, initializers };
}

/** A branch under names that no other branch has: two conditionals may use the same ones inside. */
function openedBranch(branch: OnnxGraph, conditional: string): OnnxGraph {
  const own = ownNames(branch);
  const opened = renamedGraph(branch, (name) =>
    name !== "" && own.has(name) ? `${conditional}/${name}` : name,
  );
  const nodes = opened.nodes.map((node) => ({ ...node, name: node.name && `${conditional}/${node.name}` }));
  return { ...opened, nodes };
}
