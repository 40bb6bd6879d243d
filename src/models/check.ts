/** Whether a model can be scanned, and what a scan would see of it. */
import { piecewiseConstant } from "../autodiff/grad.ts";
import { ruleOf } from "../autodiff/registry.ts";
import { DrmGuardError, type ErrorCode } from "../errors.ts";
import { sizeOf } from "../onnx/tensor-data.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { assertInputFits } from "./examined-model.ts";
import { checkGradient, type GradientCheck } from "./gradient-check.ts";
import type { HeldInputs } from "./held-inputs.ts";
import type { ImportedModel } from "./import.ts";
import { instantiate, type ModelInstance } from "./instance.ts";
import { inputShapeFor, type Preprocessing } from "./preprocessing.ts";
import { dynamicTensors, type ModelSplit, splitModel } from "./split.ts";
import type { Task } from "./task.ts";

/** One operator of a model. */
export interface OperatorUse {
  readonly op: string;
  readonly count: number;
  /** `rule`: a gradient passes; `folded`: it does not depend on pixels; `missing`: it has no gradient rule. */
  readonly gradient: "rule" | "folded" | "missing";
  readonly nodes: readonly string[];
}

/** Something that stands in the way of a scan. */
export interface CheckProblem {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint?: string | undefined;
}

/** The outcome of a check. */
export interface CheckReport {
  readonly producer: string;
  readonly irVersion: number;
  readonly opset: number;
  readonly parameters: number;
  readonly input: { readonly name: string; readonly shape: readonly (number | string | null)[] };
  /** What other inputs are held at; absent where none is. */
  readonly held?: HeldInputs;
  readonly outputs: readonly { readonly name: string; readonly shape: readonly number[] }[];
  readonly operators: readonly OperatorUse[];
  /** Where F ends and H begins: the tensor of features, its width m, and the number of rows w_j it meets. */
  readonly split: readonly {
    readonly feature: string;
    readonly node: string;
    readonly width: number;
    readonly rows: number;
  }[];
  /** The gradient against central differences; null when it could not be tried. */
  readonly gradient: GradientCheck | null;
  readonly problems: readonly CheckProblem[];
  readonly passed: boolean;
}

/** What a check needs. */
export interface CheckOptions {
  readonly runtime: Runtime;
  readonly model: ImportedModel;
  readonly preprocessing: Preprocessing;
  /** Height and width where the model leaves them free; null otherwise. */
  readonly size: readonly [number, number] | null;
  /** As in a scan: see the split's options. */
  readonly features: string | null;
  readonly outputs: readonly string[] | null;
  /** What the outputs are; a regression where nothing is said. */
  readonly task?: Task;
  readonly seed: number;
}

/** Images that a check runs on: the fewest that have a variance. */
const batch = 2;

/**
 * Checks a model: whether it runs, where F ends, which operators have no gradient, and whether the gradient agrees
 * with finite differences. All problems are gathered; none is thrown, except for a model that cannot be run at all.
 *
 * Throws E_MODEL_INPUT when the model leaves its image size free and none is given, or does not run.
 */
export async function checkModel(options: CheckOptions): Promise<CheckReport> {
  const { runtime, model, preprocessing } = options;
  const shape = imageShape(model, preprocessing, options.size);
  const inputShape = inputShapeFor(shape, preprocessing);
  assertInputFits(model, inputShape, preprocessing.layout);
  const instance = await instantiate(runtime, model, inputShape);
  const problems: CheckProblem[] = [];
  const gathered = <T>(attempt: () => T): T | null => {
    try {
      return attempt();
    } catch (error) {
      if (!(error instanceof DrmGuardError)) throw error;
      problems.push({ code: error.code, message: error.message, hint: error.hint });
      return null;
    }
  };
  const split = gathered(() => splitModel(instance, options));
  const operators = operatorUses(instance);
  const missing = operators.filter((use) => use.gradient === "missing");
  if (missing.length > 0) {
    const names = missing.map(({ op, nodes }) => `${op} (${nodes.join(", ")})`);
    problems.push({ code: "E_NO_GRADIENT", message: `no gradient rule for ${names.join("; ")}` });
  }
  const gradient =
    missing.length > 0 || split === null
      ? null
      : await checkGradient(runtime, { batch, instance, split, preprocessing }, shape, options.seed).catch(
          (error: unknown) => {
            // A rule may refuse an attribute of its operator.
            if (!(error instanceof DrmGuardError) || error.code !== "E_NO_GRADIENT") throw error;
            problems.push({ code: error.code, message: error.message, hint: error.hint });
            return null;
          },
        );
  if (gradient?.isFlat) {
    problems.push({
      code: "E_MODEL_OUTPUT",
      message:
        "the outputs do not change with the image but for rounding, expected outputs that depend on it",
      hint: "check --mean, --std and --scale, that the network has been trained, and that its outputs are not rounded",
    });
  } else if (gradient !== null && !gradient.passed) {
    problems.push({
      code: "E_NO_GRADIENT",
      message: `the gradient differs from finite differences by ${gradient.relativeError.toPrecision(2)} (tolerance ${gradient.tolerance})`,
      hint: "a model whose outputs jump (rounding, comparisons of pixels) fails this too",
    });
  }
  return {
    producer: model.file.producer,
    irVersion: model.file.irVersion,
    opset: model.file.opsets.get("") ?? 0,
    parameters: [...model.graph.initializers.values()]
      .filter(({ dtype }) => dtype === "float32")
      .reduce((n, { dims }) => n + sizeOf(dims), 0),
    input: { name: model.input.name, shape: model.input.shape ?? [] },
    ...(preprocessing.held === undefined ? {} : { held: preprocessing.held }),
    outputs: instance.outputs.map((name) => ({ name, shape: instance.shapes.get(name) ?? [] })),
    operators,
    split: splitTable(split),
    gradient,
    problems,
    passed: problems.length === 0,
  };
}

/** [N, C, H, W] of images that the model takes. */
function imageShape(
  model: ImportedModel,
  { layout, channels }: Preprocessing,
  size: CheckOptions["size"],
): [number, number, number, number] {
  const [, a, b, c] = model.input.shape!;
  const [depth, height, width] = layout === "nhwc" ? [c, a, b] : [a, b, c];
  const pick = (dim: number | string | null | undefined, given: number | undefined, what: string): number => {
    if (given !== undefined) return given;
    if (typeof dim === "number") return dim;
    throw new DrmGuardError("E_MODEL_INPUT", `the model leaves its ${what} free`, {
      hint: "say it with --size HxW",
    });
  };
  const depthOf = typeof depth === "number" ? depth : channels === "gray" ? 1 : 3;
  return [batch, depthOf, pick(height, size?.[0], "height"), pick(width, size?.[1], "width")];
}

function operatorUses(instance: ModelInstance): OperatorUse[] {
  const dynamic = dynamicTensors(instance);
  const uses = new Map<string, { op: string; gradient: OperatorUse["gradient"]; nodes: string[] }>();
  for (const node of instance.nodes) {
    // Shape reads pixels' tensors and yet gives nothing that depends on pixels.
    const isDynamic = node.outputs.some((output) => dynamic.has(output));
    const hasRule = ruleOf(node) !== undefined || piecewiseConstant.has(node.op);
    const gradient = !isDynamic ? "folded" : hasRule ? "rule" : "missing";
    const op = node.domain === "" ? node.op : `${node.domain}.${node.op}`;
    const key = `${op}/${gradient}`;
    const use = uses.get(key) ?? { op, gradient, nodes: [] };
    use.nodes.push(node.name || node.outputs[0]!);
    uses.set(key, use);
  }
  return [...uses.values()]
    .map((use) => ({ ...use, count: use.nodes.length }))
    .sort((a, b) => (a.op < b.op ? -1 : 1));
}

function splitTable(split: ModelSplit | null): CheckReport["split"] {
  return (split?.heads ?? []).map(({ feature, node, width, rows }) => ({ feature, node, width, rows }));
}
