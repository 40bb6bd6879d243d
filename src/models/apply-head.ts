/** H of f = H . F inside a program: what a model makes of features that need not be those of an image. */
import { DrmGuardError } from "../errors.ts";
import type { OnnxNode } from "../onnx/model.ts";
import { elements, type Tensor } from "../tensor/graph.ts";
import { concat, reshape, slice } from "../tensor/movement.ts";
import { range } from "../tensor/shape.ts";
import type { ExaminedModel } from "./examined-model.ts";
import { inlineNodes } from "./inline.ts";
import { assertDenseHead } from "./split.ts";

/** H: one feature tensor, and what leads from it to the outputs. */
interface HeadPart {
  readonly feature: string;
  readonly nodes: readonly OnnxNode[];
}

/**
 * Adds H to a program: the last dense layer with what follows it.
 *
 * Throws E_MODEL_OUTPUT when H is not a function of one feature vector: when several dense layers read different features, or an
 * output depends on the image by another way as well; E_NO_DENSE_HEAD when there is none.
 *
 * @param features h, [N, m], where N is the batch that the model was examined at
 * @returns H(h), [N, d]
 */
export function applyHead({ batch, instance, split }: ExaminedModel, features: Tensor): Tensor {
  const { feature, nodes } = headPart({ instance, split });
  const own = instance.inputShape[0]!;
  const shape = instance.shapes.get(feature) ?? instance.inputShape;
  const rows = range(batch / own).map((k) => {
    const part = slice(features, [{ axis: 0, start: k * own, end: (k + 1) * own }]);
    const given = new Map([[feature, reshape(part, shape)]]);
    const { lookup } = inlineNodes(features.graph, instance, nodes, given);
    const outputs = split.outputs.map((name) => {
      const tensor = lookup(name);
      return reshape(tensor, [own, elements(tensor) / own]);
    });
    return concat(outputs, 1);
  });
  return concat(rows, 0);
}

/**
 * Throws E_MODEL_OUTPUT when H is not a function of one feature vector, and E_NO_DENSE_HEAD, as {@link applyHead} does: to be asked before long work.
 */
export function assertOneFeatureVector(examined: Pick<ExaminedModel, "instance" | "split">): void {
  headPart(examined);
}

/** The nodes between the features and the outputs, found from the outputs back. */
function headPart({ instance, split }: Pick<ExaminedModel, "instance" | "split">): HeadPart {
  assertDenseHead(split, "a search in feature space");
  const names = [...new Set(split.heads.map((head) => head.feature))];
  if (names.length > 1) {
    throw notOneHead(`found ${names.length} dense layers that read ${names.join(", ")}`);
  }
  const [feature] = names as [string];
  const makers = new Map(
    instance.nodes.flatMap((node) => node.outputs.map((output) => [output, node] as const)),
  );
  const needed = new Set<OnnxNode>();
  const open = [...split.outputs];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (name === feature || name === "" || instance.folded.has(name)) continue;
    if (name === instance.model.input.name) {
      throw notOneHead(`found an output that depends on the image by another way than ${feature}`);
    }
    const node = makers.get(name);
    if (node === undefined || needed.has(node)) continue;
    needed.add(node);
    open.push(...node.inputs);
  }
  return { feature, nodes: instance.nodes.filter((node) => needed.has(node)) };
}

function notOneHead(found: string): DrmGuardError {
  return new DrmGuardError(
    "E_MODEL_OUTPUT",
    `${found}, expected outputs that depend on one feature vector alone: features cannot be exchanged here`,
    {
      hint: "--outputs names the outputs to use, --features the feature vector; other methods need none of this",
    },
  );
}
