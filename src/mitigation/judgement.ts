/** Whether a repair helped: errors before and after, and what a second scan says. */
import type { Verdict } from "../identification/identification.ts";
import { predict } from "../identification/predict.ts";
import { type ErrorMeasure, meanRegressionError, regressionErrors } from "../metrics/regression-error.ts";
import type { RelativeRise } from "../metrics/relative-rise.ts";
import type { ExaminedModel } from "../models/examined-model.ts";
import type { Runtime } from "../runtime/runtime.ts";
import type { RepairImages } from "./mitigation.ts";

/** What a reversed trigger does to a model, in the unit of the measure. */
export interface TriggerErrors {
  /** AE: mean error of f(A(x)) to the estimated target. */
  readonly attackError: number;
  /** DAE: mean error of f(A(x)) to the true labels. */
  readonly defendingAttackError: number;
}

/** Errors of a model, in the unit of the measure. */
export interface BackdoorErrors {
  /** RE */
  readonly clean: number;
  /** Of each reversed trigger, in their order. */
  readonly triggers: readonly TriggerErrors[];
}

/** Errors of a model, and the outputs that they are of. */
export interface MeasuredModel extends BackdoorErrors {
  /** The error of each clean image, [N]; RE is their mean. */
  readonly cleanErrors: Float64Array;
  /** f(x), [N, d] */
  readonly outputs: Float32Array;
  /** f(A(x)) for each trigger, [N, d] each. */
  readonly triggeredOutputs: readonly Float32Array[];
}

/**
 * Measures a model. Throws E_RUNTIME when the runtime fails.
 *
 * @param examined the model at the batch size to run with
 * @param images images that are neither trained on nor chosen by
 * @param targets the estimated target of each trigger, [d] in the model's unit
 */
export async function backdoorErrors(
  runtime: Runtime,
  examined: ExaminedModel,
  { clean, labels, triggered }: RepairImages,
  targets: readonly (readonly number[])[],
  measure: ErrorMeasure,
): Promise<MeasuredModel> {
  const triggers: TriggerErrors[] = [];
  const triggeredOutputs: Float32Array[] = [];
  for (const [k, pixels] of triggered.entries()) {
    const outputs = await predict(runtime, examined, { ...clean, pixels });
    triggeredOutputs.push(outputs);
    triggers.push({
      attackError: meanRegressionError(outputs, Float32Array.from(targets[k]!), measure),
      defendingAttackError: meanRegressionError(outputs, labels, measure),
    });
  }
  const outputs = await predict(runtime, examined, clean);
  return {
    clean: meanRegressionError(outputs, labels, measure),
    cleanErrors: regressionErrors(outputs, labels, measure),
    triggers,
    outputs,
    triggeredOutputs,
  };
}

/** How a repair ended: `unproven` where nothing speaks against it and a second scan could not tell. */
export type RepairOutcome = "repaired" | "failed" | "unproven";

/**
 * Judges a repair. It fails when the error on clean images rose by more than is allowed, when a reversed trigger still draws outputs
 * nearer to its target than to the truth, or when a second scan finds a backdoor again.
 *
 * The rise on the images there are decides, not its interval: whoever has few images should not get a worse model for that. The interval is said, so that nobody
 * takes the rise on some dozens of images for what it is on all.
 *
 * @param rise of RE
 * @param after what reversed triggers do to the repaired model
 * @param verdict of the second scan; null when there was none
 * @param maxDegradation the part by which the error on clean images may rise
 */
export function judgeRepair(
  { rise, interval }: RelativeRise,
  after: readonly TriggerErrors[],
  verdict: Verdict | null,
  maxDegradation: number,
): { outcome: RepairOutcome; reasons: string[] } {
  const percent = (part: number): string => `${(100 * part).toPrecision(3)} %`;
  const about =
    interval === null
      ? ""
      : ` (${interval.map((part) => (100 * part).toPrecision(2)).join(" to ")} % with 95 % confidence)`;
  const rose = `the error on clean images ${rise > 0 ? `rose by ${percent(rise)}` : `fell by ${percent(-rise)}`}`;
  const drawn = after.filter((each) => each.attackError < each.defendingAttackError).length;
  const failures = [
    ...(rise > maxDegradation ? [`${rose}${about}, allowed are ${percent(maxDegradation)}`] : []),
    ...(drawn > 0
      ? [
          `${drawn} of ${after.length} reversed triggers still draw outputs nearer to the target than to the truth`,
        ]
      : []),
    ...(verdict === "backdoored" ? ["a second scan finds a backdoor in the repaired model"] : []),
  ];
  if (failures.length > 0) return { outcome: "failed", reasons: failures };
  const reasons = [
    `${rose}${about}`,
    ...(after.length === 0 ? [] : ["no reversed trigger draws outputs to its target any more"]),
  ];
  if (verdict === "inconclusive") {
    return { outcome: "unproven", reasons: [...reasons, "a second scan came to no verdict"] };
  }
  const scanned = verdict === null ? "no second scan was made" : "a second scan finds no backdoor";
  return { outcome: "repaired", reasons: [...reasons, scanned] };
}

/** How far weights moved. */
export function movementOf(
  before: Float32Array,
  after: Float32Array,
): { weights: number; relative: number; largest: number } {
  let [moved, norm, largest] = [0, 0, 0];
  before.forEach((value, i) => {
    const distance = Math.abs(after[i]! - value);
    moved += distance ** 2;
    norm += value ** 2;
    largest = Math.max(largest, distance);
  });
  return { weights: before.length, relative: Math.sqrt(moved / norm), largest };
}
