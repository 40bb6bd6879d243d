/** Options of the method of contrast, with its constants. */
import { DrmGuardError } from "../../errors.ts";
import { type FamilyName, familyNames } from "../families/families.ts";
import { assertChoices, assertNumbers, type NumberRule } from "../option-rules.ts";

/**
 * Options of the method of contrast. None has a unit: targets and errors are in standard deviations of each clean output, and
 * sizes are compared with sizes of the same family.
 */
export interface ContrastOptions {
  /**
   * The families of trigger functions to search in, one after the other. Whether warps work at all is seen soonest, and where they do, patches show less, at other
   * targets.
   */
  readonly families: readonly FamilyName[];
  /** Whether to go on with the other families where one has clearly shown a backdoor (certainPower). */
  readonly afterBackdoor: "stop" | "go-on";
  /**
   * The most triggers of known kinds (squares of one colour, stripes) that a map begins with, beside its targets: a search from nothing finds an
   * attacker's square from one in sixteen targets, or from none.
   */
  readonly starts: number;
  /** The error below which one of known kinds is a start; it need not work, only lead there. */
  readonly startTolerance: number;
  /** Images that each of known kinds is tried on: enough to choose by, since what is chosen is searched on others. */
  readonly probeImages: number;
  /**
   * Places of triggers of known kinds that are searched for any small trigger, those first whose squares of one colour drew outputs closest together; and how many
   * of them are searched for as long again. 0 places to begin with squares as they are.
   */
  readonly places: number;
  readonly bestPlaces: number;
  /** Steps in which places are searched, each time. */
  readonly placeSteps: number;
  /** Adam's learning rate in them: a pixel must get from one end of its range to the other. */
  readonly placeRate: number;
  /**
   * Targets of the map, beside the mean clean output and triggers of known kinds. They slide, and most end at the same places; with six or eight one backdoor of a
   * small network was not found that ten and twelve find (docs/research-log.md).
   */
  readonly mapTargets: number;
  /**
   * Targets of the map that are tried first in a family without triggers of known kinds, beside the mean: where none of them works in the part of the steps
   * that a map is given, none of the others would. Three or more of the first four did on the models with a warp that were traced (docs/research-log.md).
   */
  readonly scouts: number;
  /** How far the map reaches from the mean along each output, in standard deviations: 9 of 10 labels lie inside. */
  readonly reach: number;
  /** Steps in which targets are mapped: first held, then let go. */
  readonly mapSteps: number;
  /** Steps in which the map goes on with the tighter tolerance. */
  readonly tightMapSteps: number;
  /** The part of them in which targets are held; then each is its trigger's own mean output. */
  readonly heldPart: number;
  /**
   * The part of the first map after which it is given up when no trigger has worked: where any does, the first does as soon as targets
   * are let go on most models (a third of the steps), and on one of 16 not before half of them (docs/research-log.md).
   */
  readonly patience: number;
  /** Steps in which a target is contrasted with controls, at either tolerance. */
  readonly steps: number;
  /**
   * The part of a contrast after which it is over when its target costs as much as a home, or is not to be reached any more: controls do not matter then. Half way backdoors cost 0.05 to
   * 0.57 of a home, and targets of benign models 0.84 to 2.2 (docs/research-log.md).
   */
  readonly contrastPatience: number;
  /**
   * A target that was not reached in that part is given up where its outputs are further off than this many times the tolerance. Those that were reached later were 1.1 times as far off,
   * those that never were 1.5 to 2.8 times (docs/research-log.md).
   */
  readonly farOff: number;
  /** Images in a step; all triggers of a stage see the same ones. */
  readonly batch: number;
  /** Adam's learning rate, for parameters that pass through a sigmoid or tanh: 150 steps must lead through their range. */
  readonly learningRate: number;
  /** tau: outputs have collapsed onto the target when they are off by less on average, in standard deviations. */
  readonly tolerance: number;
  /**
   * tau where that shows no backdoor clearly. A quarter of a deviation is a rough meeting of outputs: where an attacker's trigger is large, small ones
   * that do it are found on any model. What draws them as close as this is the attacker's alone. At half of it attacks that are off by two
   * degrees themselves are not found, and controls are often not reached (docs/research-log.md).
   */
  readonly tightTolerance: number;
  /**
   * tau where what is cheap roughly leaves outputs too far off to climb, and the tighter tolerance shows nothing: attacks that are off by a tenth of a deviation themselves come as
   * close as this. It is asked of such models alone, and can only show a backdoor, since it was chosen on four of them (docs/research-log.md).
   */
  readonly betweenTolerance: number;
  /**
   * tau where waves reach a target that is cheap beside all but the homes, or reach no home to compare it with: stripes and overlays at a part of their strength draw outputs near the
   * mean too, though not as close. Here only what an attacker trained is cheap beside controls alone: 0.01 to 0.13 of them on networks with Blend or SIG, 0.45 and more on those without a
   * backdoor. It can only show a backdoor (docs/research-log.md).
   */
  readonly closestTolerance: number;
  /** The mean error over all clean images above which a trigger that was found on small batches does not count. */
  readonly wholeTolerance: number;
  /** The part of a stage in which the size weighs next to nothing, so that a trigger is found before it shrinks. */
  readonly warmUp: number;
  /** lambda in the warm-up. */
  readonly warmUpWeight: number;
  /**
   * lambda after a warm-up, before it moves, in tolerances over the size that a trigger has then: at 1 the size weighs as much as an error at the
   * tolerance. Far above it, since triggers are ten times as large then as they need to be.
   */
  readonly initialWeight: number;
  /** The same where a search goes on with a trigger that is small and does not work yet, and where triggers are to stay as they have grown. */
  readonly gentleWeight: number;
  /** The same for a trigger that works as it is, or nearly: as much as an error at the tolerance. */
  readonly knownWeight: number;
  /** lambda's factor in a step without any error; less, the nearer the error is to the tolerance. */
  readonly rise: number;
  /** lambda's divisor in a step with twice the tolerance or more: larger than the rise, since a lost trigger must be found again. */
  readonly fall: number;
  /** The smallest lambda, in the same unit. */
  readonly leastWeight: number;
  /** The largest lambda, in the same unit. */
  readonly mostWeight: number;
  /** The weight of the past in smoothed errors and sizes; one batch of few images says little. */
  readonly smoothing: number;
  /** Distance in standard deviations within which a backdoor makes targets cheap beside the attacker's own. */
  readonly neighbourhood: number;
  /** Nearer to the mean or the centre than this, in standard deviations, a target is cheap on every model. */
  readonly leastDistance: number;
  /** A trigger whose target slides is kept this far from the mean and the centre, in standard deviations, or all would end there. */
  readonly slideDistance: number;
  /**
   * The part of the clean outputs nearer to the mean than what the average image, or any that is hidden, gives from which on that is no home but a target to ask about. Where it was the attacker's target 0.18 and more were nearer; on
   * models without a backdoor and two or three outputs 0.17 at most, and on five that were trained later 0.05. Such models stay benign without this home at all, but tiny ones, where it is cheap, lose an attacker's
   * target beside it (docs/research-log.md). Above 1 it is a home always.
   */
  readonly homePart: number;
  /**
   * The part of the images' differences that a trigger must leave to be seen: what blackens or covers all images draws together the outputs of any
   * model. Triggers that attackers use leave 0.8 (Blend) or more.
   */
  readonly leastKept: number;
  /** How many of the cheapest targets of a map are weighed against each other before one is contrasted. */
  readonly shortlist: number;
  /**
   * The part of the mean's cost on the closer map from which on a target is no dip, and not contrasted: targets that have shown a backdoor cost 0.03 to 0.49 of the
   * mean, and the cheapest of models without one 0.61 to 1.9, but for one of 0.25 (docs/research-log.md). Far above the gap, since a contrast is no more than time.
   */
  readonly dip: number;
  /**
   * The same for the first map, and the part of what others let expect from which on a candidate of it that has grown is no dip: none of 11 that
   * were contrasted, of models with and without a backdoor, came below 0.79 (docs/research-log.md). A candidate of either map must cost less than this
   * part of the cheapest home in its contrast too, and a contrast below it is followed by a climb.
   */
  readonly shallow: number;
  /** Searches that begin at a candidate. */
  readonly restarts: number;
  /** Steps in which candidates' triggers grow, so that their outputs show where an attacker's target is, and in which these are weighed. */
  readonly growingSteps: number;
  /** Steps of a search of how much dearer a cheap target gets when outputs are to come closer to it, at either tolerance. */
  readonly climbSteps: number;
  /** How many times the error that a grown trigger leaves the closer tolerance of that is at least: just above it all costs climb. */
  readonly floorFactor: number;
  /** Other triggers, as large as one that is cheap, that are asked whether they do the same. The mean of so many parts is off by a twentieth. 0 to ask none. */
  readonly others: number;
  /** Control targets. */
  readonly controls: number;
  /** The least angle between a control's direction and the candidate's as seen from the mean, in degrees. */
  readonly leastAngle: number;
  /**
   * The score below which a target is cheap: halfway, by ratio, between the lowest benign and the highest backdoored model that it was set on (docs/research-log.md,
   * which also has what models of other seeds and other makers scored).
   */
  readonly threshold: number;
  /**
   * The power of the threshold below which a model of one output is called backdoored. There all controls lie on one side of the mean, and a side
   * that is cheap by nature looks like a target that is: a benign steering network scored 0.27 (docs/research-log.md). So the contrast must
   * be as large as two together; scores between are inconclusive.
   */
  readonly oneOutputPower: number;
  /**
   * The power of the threshold below which nothing further is searched once there is a backdoor. Above it the verdict stands too, but another family or the closer
   * tolerance may show the attacker's own trigger: a patch scored 0.42 on a model whose warp scores 0.04, at another target.
   */
  readonly certainPower: number;
  /** Further dips of the map that are looked at after a backdoor was found. */
  readonly extraFindings: number;
  /** Samples of the bootstrap. */
  readonly bootstraps: number;
  /** The part of the samples that the interval holds. */
  readonly confidence: number;
}

/** The options that a caller who names none gets. */
export const contrastDefaults: ContrastOptions = {
  families: ["warp", "patch", "wave"],
  afterBackdoor: "stop",
  starts: 4,
  startTolerance: 0.5,
  probeImages: 4,
  places: 64,
  bestPlaces: 16,
  placeSteps: 12,
  placeRate: 0.3,
  mapTargets: 10,
  scouts: 4,
  reach: 1.7,
  mapSteps: 240,
  tightMapSteps: 120,
  heldPart: 0.3,
  patience: 0.75,
  steps: 200,
  contrastPatience: 0.5,
  farOff: 1.4,
  batch: 6,
  learningRate: 0.1,
  tolerance: 0.25,
  tightTolerance: 0.1,
  betweenTolerance: 0.125,
  closestTolerance: 0.05,
  wholeTolerance: 0.5,
  warmUp: 0.2,
  warmUpWeight: 0.02,
  initialWeight: 10,
  gentleWeight: 0.1,
  knownWeight: 1,
  rise: 1.15,
  fall: 1.2,
  leastWeight: 1e-3,
  mostWeight: 1e3,
  smoothing: 0.8,
  neighbourhood: 1.2,
  leastDistance: 0.5,
  slideDistance: 0.7,
  homePart: 0.1,
  leastKept: 0.5,
  shortlist: 3,
  dip: 0.8,
  shallow: 0.8,
  restarts: 2,
  growingSteps: 80,
  climbSteps: 150,
  floorFactor: 2.5,
  others: 16,
  controls: 6,
  leastAngle: 60,
  threshold: 0.54,
  oneOutputPower: 2,
  certainPower: 2,
  extraFindings: 2,
  bootstraps: 1000,
  confidence: 0.9,
};

/**
 * The presets. `quick` is a quarter of the work: a third of the images in a step, whose errors are smoothed over as many in all, half of those that known kinds are tried on, two thirds of the steps and half of
 * the places. On networks of the size of a ResNet it tells as much; on small ones it has missed backdoors that the standard shows (docs/research-log.md).
 */
export const contrastPresets = {
  standard: contrastDefaults,
  quick: {
    ...contrastDefaults,
    batch: 2,
    smoothing: 0.93,
    probeImages: 2,
    mapSteps: 160,
    tightMapSteps: 80,
    steps: 140,
    growingSteps: 60,
    climbSteps: 110,
    places: 32,
    bestPlaces: 8,
  },
} as const satisfies Readonly<Record<string, ContrastOptions>>;

/** The largest images that the standard preset is chosen for, in pixels: of 224 x 224 it would take a ResNet-18 three quarters of an hour on 2 cores. */
const mostStandardPixels = 128 * 128;

/** The preset for images of a size, in pixels: H W. */
export function contrastPresetFor(pixels: number): keyof typeof contrastPresets {
  return pixels <= mostStandardPixels ? "standard" : "quick";
}

/** The words that an option takes, for those that are no numbers. */
export const contrastChoices = {
  families: familyNames,
  afterBackdoor: ["stop", "go-on"],
} as const;

const rules: Readonly<Record<Exclude<keyof ContrastOptions, keyof typeof contrastChoices>, NumberRule>> = {
  // The fit of the expected cost leaves a neighbourhood out and still needs several targets.
  starts: { isWhole: true, least: 0, most: 64 },
  startTolerance: { least: 1e-6 },
  probeImages: { isWhole: true, least: 2, most: 256 },
  places: { isWhole: true, least: 0, most: 1024 },
  bestPlaces: { isWhole: true, least: 1, most: 1024 },
  placeSteps: { isWhole: true, least: 1 },
  placeRate: { least: 1e-6 },
  mapTargets: { isWhole: true, least: 4, most: 256 },
  scouts: { isWhole: true, least: 0, most: 256 },
  reach: { least: 0.1, most: 10 },
  mapSteps: { isWhole: true, least: 0 },
  tightMapSteps: { isWhole: true, least: 0 },
  heldPart: { least: 0, most: 1 },
  patience: { least: 0, most: 1 },
  steps: { isWhole: true, least: 0 },
  contrastPatience: { least: 0, most: 1 },
  farOff: { least: 1 },
  batch: { isWhole: true, least: 2 },
  learningRate: { least: 1e-6 },
  tolerance: { least: 1e-6 },
  tightTolerance: { least: 1e-6 },
  betweenTolerance: { least: 1e-6 },
  closestTolerance: { least: 1e-6 },
  wholeTolerance: { least: 1e-6 },
  warmUp: { least: 0, most: 0.9 },
  warmUpWeight: { least: 0 },
  initialWeight: { least: 1e-9 },
  gentleWeight: { least: 1e-9 },
  knownWeight: { least: 1e-9 },
  rise: { least: 1 },
  fall: { least: 1 },
  leastWeight: { least: 1e-9 },
  mostWeight: { least: 1e-9 },
  smoothing: { least: 0, most: 0.999 },
  neighbourhood: { least: 0 },
  leastDistance: { least: 1e-3 },
  slideDistance: { least: 0 },
  homePart: { least: 0 },
  leastKept: { least: 0, most: 1 },
  shortlist: { isWhole: true, least: 1, most: 64 },
  dip: { least: 0 },
  shallow: { least: 0 },
  restarts: { isWhole: true, least: 1, most: 64 },
  growingSteps: { isWhole: true, least: 0 },
  climbSteps: { isWhole: true, least: 1 },
  floorFactor: { least: 1 },
  others: { isWhole: true, least: 0, most: 256 },
  controls: { isWhole: true, least: 2, most: 64 },
  leastAngle: { least: 0, most: 90 },
  threshold: { least: 1e-6 },
  oneOutputPower: { least: 1, most: 10 },
  certainPower: { least: 1, most: 10 },
  extraFindings: { isWhole: true, least: 0 },
  bootstraps: { isWhole: true, least: 10, most: 1e5 },
  confidence: { least: 0.01, most: 0.999 },
};

/**
 * Throws E_USAGE for an option out of its range, and for no families or unknown ones.
 *
 * @param options all of them
 */
export function assertContrastOptions(options: ContrastOptions): void {
  assertNumbers(options, rules);
  const { afterBackdoor } = contrastChoices;
  assertChoices({ ...options }, { afterBackdoor });
  const { families } = options;
  const isKnown = families.every((name) => familyNames.includes(name));
  if (families.length === 0 || !isKnown || new Set(families).size < families.length) {
    throw new DrmGuardError(
      "E_USAGE",
      `found families = ${families.join(":")}, expected some of ${familyNames.join(", ")}, each once`,
    );
  }
}
