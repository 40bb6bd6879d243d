/** What a model may hold at all, whatever becomes of its gradient. */
import { DrmGuardError } from "../errors.ts";
import type { OnnxGraph, OnnxNode } from "./model.ts";

/** Domains whose operators ONNX Runtime knows. */
const knownDomains: ReadonlySet<string> = new Set(["", "ai.onnx.ml", "com.microsoft"]);

/** Operators on lists of tensors and on values that may be missing: programs hold tensors only. */
const containerOps: ReadonlySet<string> = new Set([
  "ConcatFromSequence",
  "Optional",
  "OptionalGetElement",
  "OptionalHasElement",
  "SequenceAt",
  "SequenceConstruct",
  "SequenceEmpty",
  "SequenceErase",
  "SequenceInsert",
  "SequenceLength",
  "SequenceMap",
  "SplitToSequence",
]);

/**
 * Throws E_UNSUPPORTED_OPERATOR when nodes are of a domain that is not known here, or handle sequences; the message
 * names all of them.
 *
 * @param graph a graph whose functions are inlined
 */
export function assertSupported(graph: OnnxGraph): void {
  const nodes = allNodes(graph);
  const foreign = nodes.filter((node) => !knownDomains.has(node.domain));
  const containers = nodes.filter((node) => node.domain === "" && containerOps.has(node.op));
  if (foreign.length + containers.length === 0) return;
  const name = ({ domain, op, name: own }: OnnxNode): string =>
    `${domain === "" ? op : `${domain}.${op}`}${own === "" ? "" : ` (${own})`}`;
  const parts = [
    foreign.length === 0 ? "" : `operators of unknown domains: ${foreign.map(name).join(", ")}`,
    containers.length === 0 ? "" : `operators on sequences: ${containers.map(name).join(", ")}`,
  ].filter((part) => part !== "");
  throw new DrmGuardError(
    "E_UNSUPPORTED_OPERATOR",
    `found ${parts.join("; ")}; expected ONNX's own on tensors`,
    {
      hint: "export the model with standard operators and with sizes that are known at export",
    },
  );
}

/** The nodes of a graph and of all branches and bodies in it. */
function allNodes(graph: OnnxGraph): OnnxNode[] {
  return graph.nodes.flatMap((node) => [
    node,
    ...Object.values(node.attributes).flatMap((attribute) =>
      attribute.kind === "graph" ? allNodes(attribute.value) : [],
    ),
  ]);
}
