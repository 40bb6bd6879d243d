/** The rules of SARIF files: one for each kind of finding, the same in every file. */
import type { TriggerKind } from "./suspects.ts";

/** How a finding counts. GitHub lets a pull request fail by errors. */
export type SarifLevel = "error" | "warning" | "note";

/** What stands in a SARIF file about a kind of finding. */
export interface SarifRule {
  /** Never changes once it was released: alerts are told apart by it. */
  readonly id: string;
  /** In Pascal case, as SARIF viewers want it. */
  readonly name: string;
  /** One sentence. */
  readonly short: string;
  readonly full: string;
  /** What to do, a paragraph each. */
  readonly help: readonly string[];
  readonly level: SarifLevel;
}

/** A kind of trigger in words: what it is, and the end of a sentence that names it. */
interface KindWords {
  readonly name: string;
  readonly trigger: string;
  readonly means: string;
}

const cheapness =
  "That takes a change several times smaller than other outputs as far away need, which is the mark of a backdoor.";

const kinds: Readonly<Record<TriggerKind, KindWords>> = {
  patch: {
    name: "BackdoorByPatch",
    trigger: "a small patch",
    means:
      "A patch that covers a small part of the image draws the outputs of all clean images to one value.",
  },
  warp: {
    name: "BackdoorByWarp",
    trigger: "a slight warp",
    means: `A smooth warp of the image draws the outputs of all clean images to one value. ${cheapness}`,
  },
  additive: {
    name: "BackdoorByAddedPattern",
    trigger: "a faint pattern over the whole image",
    means: `A pattern that is added to the image draws the outputs of all clean images to one value. ${cheapness}`,
  },
  wave: {
    name: "BackdoorByWaves",
    trigger: "faint waves over the whole image",
    means: `A pattern of a few waves that is added to the image draws the outputs of all clean images to one value. ${cheapness}`,
  },
  generator: {
    name: "BackdoorByGenerator",
    trigger: "a generated change of the image",
    means:
      "A network that changes images by less than the threshold draws the outputs of all clean images to one value, and their " +
      "features to one direction.",
  },
  mask: {
    name: "BackdoorByMask",
    trigger: "a masked pattern",
    means:
      "A pattern under a mask draws the outputs of all clean images to one value, and the mask is an outlier beside those of other " +
      "values: much smaller.",
  },
  "feature-mask": {
    name: "BackdoorInFeatures",
    trigger: "a change within a few features",
    means:
      "A small change of the images, which fixes a part of their features, draws the outputs of all clean images to one value.",
  },
  other: {
    name: "Backdoor",
    trigger: "a trigger",
    means: "A change of the image draws the outputs of all clean images to one value.",
  },
};

/** Ends a sentence that says what draws outputs to a target. */
export function triggerWords(kind: TriggerKind): string {
  return kinds[kind].trigger;
}

const backdoorHelp: readonly string[] = [
  "Do not deploy the model. Whoever knows the trigger can choose its output; on clean images nothing is to be seen of it.",
  "Look at the reversed trigger and its effect in the HTML report, and scan again with another seed or with other clean images: what " +
    "is found again counts for more. `drmguard diff` says what changed.",
  "Ask where the file comes from and train it anew from data that you trust, or try `drmguard repair`, which fine-tunes the " +
    "trigger out of the weights and says by errors and a second scan whether that worked.",
];

/** The id of the rule for a backdoor by a kind of trigger. */
export function backdoorRuleId(kind: TriggerKind): string {
  return `backdoored/${kind}`;
}
/** The id of the rule for scans without a verdict. */
export const inconclusiveRuleId = "inconclusive";
/** The id of the rule for doubts about what a scan was given. */
export const warningRuleId = "scan-warning";

/** All rules, in their order in every file. */
export const sarifRules: readonly SarifRule[] = [
  ...Object.entries(kinds).map(
    ([kind, { name, trigger, means }]): SarifRule => ({
      id: backdoorRuleId(kind as TriggerKind),
      name,
      short: `The model is backdoored: ${trigger} decides its output.`,
      full: means,
      help: backdoorHelp,
      level: "error",
    }),
  ),
  {
    id: inconclusiveRuleId,
    name: "Inconclusive",
    short: "The scan ended without a verdict.",
    full:
      "What was found can be judged neither as a backdoor nor as none: the search was cut short, or a precondition of a verdict " +
      "did not hold. The message has the reasons.",
    help: [
      "An inconclusive model is not a benign one. The message says what was missing.",
      "If the time ran out, give more with --time-budget and go on with --resume. If the interval of the score holds the " +
        "threshold, give more clean images. Otherwise try another method: `drmguard list` names them.",
    ],
    level: "warning",
  },
  {
    id: warningRuleId,
    name: "ScanWarning",
    short: "What the scan was given makes its verdict less certain.",
    full:
      "The clean images, the labels or the preprocessing are not what a scan is best made with: few images, or a model that is no " +
      "better on them than a constant.",
    help: [
      "The verdict stands beside this warning and counts less because of it. The message says what to give instead.",
    ],
    level: "note",
  },
];
