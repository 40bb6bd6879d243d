/** Whether a model can be scanned, and what a scan would see of it. */
import type { ErrorCode } from "../errors.ts";
import type { Runtime } from "../runtime/runtime.ts";
import type { ImportedModel } from "./import.ts";
import type { Preprocessing } from "./preprocessing.ts";

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
  readonly outputs: readonly { readonly name: string; readonly shape: readonly number[] }[];
  readonly operators: readonly OperatorUse[];
  /** Where F ends and H begins: the tensor of features, its width m, and the number of rows w_j it meets. */
  readonly split: readonly {
    readonly feature: string;
    readonly node: string;
    readonly width: number;
    readonly rows: number;
  }[];
  /** The gradient against central differences along random directions; null when it could not be tried. */
  readonly gradient: {
    readonly directions: number;
    /** The largest |directional derivative - central difference| over the largest |central difference|. */
    readonly relativeError: number;
    readonly tolerance: number;
    readonly passed: boolean;
  } | null;
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
  /** Channels of the images: 3 or 1. */
  readonly features: string | null;
  readonly outputs: readonly string[] | null;
  readonly seed: number;
}
