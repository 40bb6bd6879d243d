/** What every identification method takes and gives. */
import type { ImageSet } from "../data/image-set.ts";
import type { Work } from "../loops/work.ts";
import type { ImportedModel } from "../models/import.ts";
import type { Preprocessing } from "../models/preprocessing.ts";
import type { Task } from "../models/task.ts";
import type { Runtime } from "../runtime/runtime.ts";
import type { ReversedTrigger } from "./reversed-trigger.ts";

/** The answer. `inconclusive` is a real one: nothing was found, or what was found cannot be judged. */
export type Verdict = "benign" | "backdoored" | "inconclusive";

/** The values of the terms of a loss at one step. */
export interface TermSample {
  readonly step: number;
  /** Terms by name, such as `l1`, `outputVariance`, `coneRatio`, and the estimated target's components. */
  readonly values: Readonly<Record<string, number>>;
}

/** One image of the evidence: clean, with the reversed trigger, and where the attention map protects it. */
export interface EvidenceImage {
  readonly name: string;
  /** [C, H, W] */
  readonly shape: readonly [number, number, number];
  readonly clean: Float32Array;
  readonly reversed: Float32Array;
  /** T(x) of Eq. 7, [H, W] in [0, 1). */
  readonly attention: Float32Array | null;
  readonly cleanOutput: readonly number[];
  readonly reversedOutput: readonly number[];
}

/** A target and the smallest size of a trigger that reaches it. */
export interface TargetCost {
  /** In the model's units, [d]. */
  readonly target: readonly number[];
  /** From the mean clean output, in standard deviations of the clean outputs. */
  readonly distance: number;
  /** In the family's unit; null when no trigger reached it. */
  readonly cost: number | null;
}

/** A target that is cheap on a map, beside control targets as far away. */
export interface ContrastFinding extends TargetCost {
  /** Its cost on the map over what its distance lets expect. */
  readonly ratio: number;
  /** What several searches for it cost; null for those that did not reach it. */
  readonly restarts: readonly (number | null)[];
  readonly controls: readonly TargetCost[];
  /** The mean clean output and what the model gives for the average image: cheap on any model. None where it was compared with controls alone. */
  readonly homes: readonly TargetCost[];
  /** How close outputs had to come, in standard deviations on average. */
  readonly tolerance: number;
  /**
   * How many times dearer it gets when outputs are to come closer to it; 1 where that was not asked, since it is not cheap, and null where it could
   * not be measured, since its trigger as it has grown leaves outputs too far off to ask for more.
   */
  readonly climb: number | null;
  /**
   * The part of the way to it that other triggers as large go, 0 to 1 (of waves the mean, 0 for those that reach it; of patches that cannot climb the least of other colours); null where that was not asked, since it is not cheap, or since it is not known of
   * the family what would be alike.
   */
  readonly generality: number | null;
  /**
   * The smallest of the restarts' costs over the root of the controls' median times the cheapest home, without homes over the controls' median; times the climb where there is one, and over 1 -
   * generality where that is known; and its interval.
   */
  readonly score: number;
  readonly low: number;
  readonly high: number;
}

/** What targets cost by one family of triggers. */
export interface ContrastMap {
  readonly family: string;
  /** What a cost is in. */
  readonly sizeUnit: string;
  /** Outputs that are cheap to reach on any model, in its unit: the mean, and, where that is near it, what it gives for the average of all images. */
  readonly homes: readonly (readonly number[])[];
  readonly map: readonly TargetCost[];
  readonly findings: readonly ContrastFinding[];
}

/** What a model makes of all clean images. */
export interface ModelResponses {
  /** f(x), [N, d] */
  readonly outputs: Float32Array;
  /** angle(F(x_i), w_j) in radians, [N, k] */
  readonly angles: Float32Array;
}

/** What a model makes of all clean images, as they are and with the reversed trigger. */
export interface ResponsePair {
  readonly clean: ModelResponses;
  readonly reversed: ModelResponses;
  /** d */
  readonly dimension: number;
  /** k */
  readonly angleCount: number;
}

/** A part of a search. */
export interface SearchStage {
  readonly name: string;
  readonly steps: number;
}

/** The outcome of an identification method. */
export interface Identification {
  readonly method: string;
  readonly verdict: Verdict;
  /** Why, in words. */
  readonly reasons: readonly string[];
  /** The number that the verdict compares, and with what; below the threshold is suspicious. */
  readonly score: number;
  readonly threshold: number;
  /** score / threshold. */
  readonly margin: number;
  /**
   * What an attacker would have chosen: the mean output under the reversed trigger, in the model's units; of a classifier the class
   * that most images are given.
   */
  readonly target: readonly number[];
  /** How far the outputs collapsed: RAV-like ratio of angle variances, null for a model without a last dense layer, and of output variances; 1 is not at all. */
  readonly collapse: { readonly coneRatio: number | null; readonly outputVarianceRatio: number };
  /** What the generator costs before any search, in units of the score; null where there is no generator. */
  readonly reconstructionFloor: number | null;
  /** Whether all steps were done; what was cut short can be gone on with. */
  readonly isComplete: boolean;
  readonly terms: readonly TermSample[];
  /** The searches that the steps of the terms belong to, in their order; left out where there is one. */
  readonly stages?: readonly SearchStage[];
  /** Further measured numbers by name. */
  readonly measures: Readonly<Record<string, number>>;
  /** The options that were in force, with every default filled in. */
  readonly options: Readonly<Record<string, unknown>>;
  /** Costs of targets by each family of triggers; only by methods that compare them. */
  readonly contrast?: readonly ContrastMap[];
  /** What was reversed, the most suspicious first; only by methods whose triggers are plain data. */
  readonly triggers?: readonly ReversedTrigger[];
  readonly notChecked: readonly string[];
  readonly evidence: readonly EvidenceImage[];
  /** Without and with the trigger that the evidence shows. */
  readonly responses?: ResponsePair;
}

/** What an identification method gets. */
export interface IdentificationSetup extends Work {
  readonly runtime: Runtime;
  readonly model: ImportedModel;
  readonly preprocessing: Preprocessing;
  readonly benign: ImageSet;
  readonly seed: number;
  /** Identifies model, images and options: resuming under another one is refused. */
  readonly runKey: string;
  /** Identifies the images alone: what is learnt from them is shared between models. */
  readonly dataKey: string;
  /** Seconds after which no further search is begun; null for none. */
  readonly timeBudget: number | null;
  /** Bytes that the work may take; null for no limit. */
  readonly memoryLimit: number | null;
  /** Names the feature tensor F(x), where the last dense layer cannot be found; null to find it. */
  readonly features: string | null;
  /** Names of the outputs to use, for models with several; null when there is one. */
  readonly outputs: readonly string[] | null;
  /** What the outputs are; a regression where nothing is said, which all methods know. */
  readonly task?: Task;
}
