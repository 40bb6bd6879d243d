/** An ONNX model as plain data: what is in the file and nothing else. */
import { DrmGuardError } from "../errors.ts";
import type { DType, TensorData } from "./tensor-data.ts";

/** One attribute of a node. Integers are numbers; those beyond 2^53 only ever mean "to the end". */
export type Attribute =
  | { readonly kind: "int"; readonly value: number }
  | { readonly kind: "float"; readonly value: number }
  | { readonly kind: "string"; readonly value: string }
  | { readonly kind: "ints"; readonly value: readonly number[] }
  | { readonly kind: "floats"; readonly value: readonly number[] }
  | { readonly kind: "strings"; readonly value: readonly string[] }
  | { readonly kind: "tensor"; readonly value: TensorData }
  | { readonly kind: "graph"; readonly value: OnnxGraph }
  | { readonly kind: "reference"; readonly value: string }
  | { readonly kind: "other"; readonly value: string };

/** The attributes of a node by name. */
export type Attributes = Readonly<Record<string, Attribute>>;

/** A node. An empty string among the inputs or outputs is an optional one left out. */
export interface OnnxNode {
  readonly name: string;
  readonly op: string;
  readonly domain: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Attributes;
  /** The version of ONNX's operators that it is written in, where that may differ from the model's. */
  readonly opset?: number;
}

/** A graph input or output. A dimension is a number, a symbol's name, or null when unknown. */
export interface OnnxValueInfo {
  readonly name: string;
  readonly dtype: DType | null;
  readonly shape: readonly (number | string | null)[] | null;
}

/** A graph; nodes stand in an order in which they can run. */
export interface OnnxGraph {
  readonly name: string;
  readonly nodes: readonly OnnxNode[];
  readonly inputs: readonly OnnxValueInfo[];
  readonly outputs: readonly OnnxValueInfo[];
  readonly initializers: ReadonlyMap<string, TensorData>;
}

/** A function that the model brings along: a node of its name stands for its body. */
export interface OnnxFunction {
  readonly domain: string;
  readonly name: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: readonly string[];
  readonly defaults: Attributes;
  readonly nodes: readonly OnnxNode[];
  readonly opsets: ReadonlyMap<string, number>;
}

/** A model. `opsets` maps a domain ("" is ONNX's own) to its version. */
export interface OnnxModel {
  readonly irVersion: number;
  readonly opsets: ReadonlyMap<string, number>;
  readonly producer: string;
  readonly metadata: ReadonlyMap<string, string>;
  readonly graph: OnnxGraph;
  readonly functions: readonly OnnxFunction[];
}

/** An integer attribute. */
export const int = (value: number): Attribute => ({ kind: "int", value });
/** A float attribute. */
export const float = (value: number): Attribute => ({ kind: "float", value });
/** A string attribute. */
export const string = (value: string): Attribute => ({ kind: "string", value });
/** A list of integers. */
export const ints = (value: readonly number[]): Attribute => ({ kind: "ints", value });

type Having = { readonly attributes: Attributes; readonly op: string };

function read<V, D>(node: Having, name: string, kind: Attribute["kind"], fallback: D): V | D {
  const attribute = node.attributes[name];
  if (attribute === undefined) return fallback;
  if (attribute.kind !== kind) {
    throw new DrmGuardError(
      "E_NOT_ONNX",
      `${node.op} has attribute ${name} of kind ${attribute.kind}, expected ${kind}`,
    );
  }
  return attribute.value as V;
}

/** An integer attribute of a node, or the fallback. Throws E_NOT_ONNX when it is of another kind. */
export const getInt = <D = number>(node: Having, name: string, fallback: D): number | D =>
  read<number, D>(node, name, "int", fallback);
/** A float attribute of a node, or the fallback. Throws E_NOT_ONNX when it is of another kind. */
export const getFloat = <D = number>(node: Having, name: string, fallback: D): number | D =>
  read<number, D>(node, name, "float", fallback);
/** A string attribute of a node, or the fallback. Throws E_NOT_ONNX when it is of another kind. */
export const getString = <D = string>(node: Having, name: string, fallback: D): string | D =>
  read<string, D>(node, name, "string", fallback);
/** A list attribute of a node, or the fallback. Throws E_NOT_ONNX when it is of another kind. */
export const getInts = <D = readonly number[]>(
  node: Having,
  name: string,
  fallback: D,
): readonly number[] | D => read<readonly number[], D>(node, name, "ints", fallback);
