/** From the attacks that are asked for to a training that carries them out. */
import type { ImageSet } from "../data/image-set.ts";
import { DrmGuardError } from "../errors.ts";
import { batchAt, pixelsOf, rowsOf } from "../loops/batches.ts";
import type { Work } from "../loops/work.ts";
import { createRandom, type Random } from "../random.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { range } from "../tensor/shape.ts";
import type { Companion } from "../training/companion.ts";
import type { Penalty, TrainingState } from "../training/step.ts";
import type { BatchSource } from "../training/train.ts";
import { conePenalty } from "./adaptive.ts";
import { type CleanLabelOptions, cleanLabelDefaults, poisonCleanLabel } from "./clean-label.ts";
import { type InputAwareAttack, prepareInputAware } from "./input-aware/attack.ts";
import { type AttackOptions, attackDefaults, type BadNetsOptions, type StampedAttack } from "./options.ts";
import type { Surrogate } from "./pgd.ts";
import {
  type Backdoor,
  poisonedBatches,
  poisonSet,
  type RowRange,
  rowsOfBatch,
  warnOfTargets,
} from "./poison.ts";
import type { ImageShape } from "./shape.ts";
import { makeTrigger, type StampedTrigger, type Trigger } from "./trigger.ts";

/** Options of everything that can be planned, by name. */
export interface PlannedOptions extends AttackOptions {
  /** The trigger is BadNets', as in the paper. */
  readonly "clean-label": Omit<CleanLabelOptions, "batch"> & BadNetsOptions;
}

/** The names of the attacks that can be planned. */
export type PlannedAttack = keyof PlannedOptions;

const { batch: _, ...ofCleanLabel } = cleanLabelDefaults;

/** Every constant of every attack, as it is when nothing else is said. */
export const plannedDefaults: PlannedOptions = {
  ...attackDefaults,
  "clean-label": {
    ...ofCleanLabel,
    patchShare: attackDefaults.badnets.patchShare,
    color: attackDefaults.badnets.color,
  },
};

/** One attack that is asked for. */
export interface AttackRequest<A extends PlannedAttack = PlannedAttack> {
  readonly attack: A;
  /** y_T, [d] in the unit of the labels: one, or two and more for `multi-target-wanet`, each with a trigger of its own. */
  readonly targets: readonly (readonly number[])[];
  /** What differs from the defaults. */
  readonly options: Partial<PlannedOptions[A]>;
}

/** A backdoor that a training has put into a model. */
export interface InstalledBackdoor {
  readonly attack: PlannedAttack;
  readonly trigger: Trigger;
  /** y_T, [d] in the unit of the labels. */
  readonly target: readonly number[];
}

/** What a training needs to carry out attacks. */
export interface AttackPlan {
  readonly batches: BatchSource;
  readonly penalty: Penalty | null;
  readonly companion: Companion | null;
  /**
   * The backdoors as they are once the training is done, or at any time of it.
   *
   * @param companion the companion's state; null where there is none
   */
  readonly backdoorsOf: (companion: TrainingState | null) => InstalledBackdoor[];
}

/** What a plan is made for. */
export interface PlanSetup {
  /** Images in a batch. */
  readonly batch: number;
  readonly seed: number;
  /** lambda_adp of Eq. 6; null for attacks that do not hide. */
  readonly adaptive: number | null;
  /** A benign model that Clean Label perturbs its images against, a batch at a time; null where there is none. */
  readonly surrogate: Surrogate | null;
  /** Where what is learnt before the training is saved; one for each choice of data, options and seed. */
  readonly key: string;
}

/**
 * Plans attacks. BadNets, Blend, SIG and Clean Label poison the data once; WaNet and its variant poison every batch anew; the
 * input-aware attack is trained along. Every image gets one trigger at most. No attacks at all are a benign training.
 *
 * Throws what making triggers and poisoning throw, E_USAGE when an attack has a wrong number of targets, the input-aware
 * attack is asked for twice, an adaptive attack has nothing to hide, Clean Label has no surrogate, or the attacks want more
 * images than there are.
 *
 * @param work events, checkpoints and the wish to stop
 * @param clean what the network is trained on, with labels
 */
export async function planAttacks(
  runtime: Runtime,
  work: Work,
  clean: ImageSet,
  requests: readonly AttackRequest[],
  setup: PlanSetup,
): Promise<AttackPlan> {
  requests.forEach(assertTargets);
  const random = createRandom(setup.seed).fork("attacks");
  const shape = clean.shape.slice(1) as unknown as ImageShape;
  const stamped = stampedBackdoors(requests, shape, random.fork("triggers"));
  const fixed = stamped.filter(({ attack }) => isFixed(attack));
  const moving = stamped.filter(({ attack }) => !isFixed(attack));
  const labelled = clean.labels;
  if (labelled === null) throw new DrmGuardError("E_LABELS", "found no labels, expected images with labels");
  warnOfTargets(moving, labelled, clean.labelNames, work.onEvent);

  const cleanLabel = await cleanLabelAttacks(
    runtime,
    work,
    clean,
    requests,
    setup,
    random.fork("clean label"),
  );
  const taken = new Set(cleanLabel.groups.flat());
  const poisoned =
    fixed.length === 0
      ? { set: cleanLabel.set, poisoned: [] }
      : poisonSet(cleanLabel.set, fixed, random.fork("poisoning"), work.onEvent, taken);
  const groups = [...cleanLabel.groups, ...poisoned.poisoned];

  const inputAware = await inputAwareAttack(runtime, work, clean, requests, setup);
  const first = inputAware?.rows ?? 0;
  const ofBatch = rowsOfBatch(moving, setup.batch, first);
  const front = ofBatch.clean.start;
  const unpoisoned = clean.shape[0] - groups.flat().length;
  if (front > Math.min(setup.batch, unpoisoned)) {
    throw new DrmGuardError(
      "E_USAGE",
      `the attacks on each batch take ${front} of its images, expected at most ${Math.min(setup.batch, unpoisoned)}, which the others leave`,
    );
  }
  const isAdaptive = setup.adaptive !== null;
  const drawn = isAdaptive
    ? stratifiedBatches(poisoned.set, groups, setup.batch, front, random.fork("batches"))
    : {
        batches: naturalBatches(poisoned.set, groups, setup.batch, front, random.fork("batches")),
        ranges: [],
        end: 0,
      };
  const moved =
    moving.length === 0 ? drawn.batches : poisonedBatches(drawn.batches, moving, random.fork("rows"), first);
  return {
    batches: inputAware === null ? moved : inputAware.attack.wrap(moved),
    companion: inputAware?.attack.companion ?? null,
    penalty: isAdaptive
      ? conePenalty(
          {
            poisoned: nonEmpty([
              ...(inputAware === null ? [] : [inputAware.attack.poisoned]),
              ...ofBatch.poisoned,
              ...drawn.ranges,
            ]),
            clean: { start: Math.max(front, drawn.end), end: setup.batch },
          },
          setup.adaptive!,
        )
      : null,
    backdoorsOf: (companion) => [
      ...(inputAware === null
        ? []
        : [
            {
              attack: "input-aware" as const,
              trigger: inputAware.attack.triggerOf(companion!),
              target: inputAware.target,
            },
          ]),
      ...moving.map(installed),
      ...cleanLabel.backdoors,
      ...fixed.map(installed),
    ],
  };
}

const installed = ({ attack, trigger, target }: StampedBackdoor): InstalledBackdoor => ({
  attack,
  trigger,
  target,
});

/** A backdoor of an attack whose trigger is there before the training. */
interface StampedBackdoor extends Backdoor {
  readonly attack: StampedAttack;
  readonly trigger: StampedTrigger;
}

/** Attacks that poison the data once; the others do it in every batch anew. */
const fixedAttacks: ReadonlySet<PlannedAttack> = new Set(["badnets", "blend", "sig"]);
const isFixed = (attack: PlannedAttack): boolean => fixedAttacks.has(attack);

function assertTargets({ attack, targets }: AttackRequest): void {
  const isMany = attack === "multi-target-wanet";
  if (isMany ? targets.length >= 2 : targets.length === 1) return;
  throw new DrmGuardError(
    "E_USAGE",
    `found ${targets.length} targets for ${attack}, expected ${isMany ? "2 or more" : "one"}`,
  );
}

function nonEmpty(ranges: readonly RowRange[]): readonly RowRange[] {
  if (ranges.length > 0) return ranges;
  throw new DrmGuardError("E_USAGE", "found an adaptive attack without any attack, expected one to hide");
}

const isOf = <A extends PlannedAttack>(
  request: AttackRequest,
  ...attacks: readonly A[]
): request is AttackRequest<A> => (attacks as readonly string[]).includes(request.attack);

function stampedBackdoors(
  requests: readonly AttackRequest[],
  shape: ImageShape,
  random: Random,
): StampedBackdoor[] {
  return requests.flatMap((request, k) => {
    if (isOf(request, "clean-label", "input-aware")) return [];
    const { attack, targets } = request;
    const stampedAttack = attack as StampedAttack;
    const options = { ...attackDefaults[stampedAttack], ...request.options };
    return targets.map((target, t): StampedBackdoor => {
      const trigger = makeTrigger(stampedAttack, request.options, shape, random.fork(`${k}.${t}`));
      const { poisonRate, noiseRatio } = options;
      return { attack: stampedAttack, trigger, target, poisonRate, noiseRatio };
    });
  });
}

async function cleanLabelAttacks(
  runtime: Runtime,
  work: Work,
  clean: ImageSet,
  requests: readonly AttackRequest[],
  { surrogate, batch }: PlanSetup,
  random: Random,
): Promise<{ set: ImageSet; groups: (readonly number[])[]; backdoors: InstalledBackdoor[] }> {
  const own = requests.filter((request) => isOf(request, "clean-label"));
  const groups: (readonly number[])[] = [];
  const backdoors: InstalledBackdoor[] = [];
  let set = clean;
  for (const [k, request] of own.entries()) {
    if (surrogate === null) {
      throw new DrmGuardError("E_USAGE", "found clean-label without a surrogate, expected a benign model");
    }
    const options = { ...plannedDefaults["clean-label"], ...request.options, batch };
    const trigger = makeTrigger(
      "badnets",
      { patchShare: options.patchShare, color: options.color },
      clean.shape.slice(1) as unknown as ImageShape,
      random,
    );
    const target = request.targets[0]!;
    const attack = { trigger, target, surrogate };
    const poisoned = await poisonCleanLabel(runtime, set, attack, options, random.fork(`${k}`), work.onEvent);
    if (poisoned.poisoned[0]!.some((row) => groups.some((group) => group.includes(row)))) {
      throw new DrmGuardError(
        "E_USAGE",
        "the groups of images near two targets of clean-label overlap, expected targets further apart",
      );
    }
    set = poisoned.set;
    groups.push(...poisoned.poisoned);
    backdoors.push({ attack: "clean-label", trigger, target });
  }
  return { set, groups, backdoors };
}

async function inputAwareAttack(
  runtime: Runtime,
  work: Work,
  clean: ImageSet,
  requests: readonly AttackRequest[],
  { batch, seed, key }: PlanSetup,
): Promise<{ attack: InputAwareAttack; target: readonly number[]; rows: number } | null> {
  const own = requests.filter((request) => isOf(request, "input-aware"));
  if (own.length > 1) {
    throw new DrmGuardError("E_USAGE", `found input-aware ${own.length} times, expected it once`);
  }
  const request = own[0];
  if (request === undefined) return null;
  const target = request.targets[0]!;
  const options = { ...attackDefaults["input-aware"], ...request.options };
  const attack = await prepareInputAware(runtime, work, clean, { target, options, batch, seed, key });
  return { attack, target, rows: attack.rows };
}

/** Rows of a set as a batch. */
function batchOf(set: ImageSet, indices: readonly number[]): ReturnType<BatchSource> {
  const dimension = set.labels!.length / set.shape[0];
  return { image: pixelsOf(set, indices), labels: rowsOf(set.labels!, [dimension], indices) };
}

/**
 * Batches as chance has them, unpoisoned images first, so that attacks on the first rows find clean ones. Where chance has too
 * few of those, others are drawn.
 *
 * @param front rows at the start that have to be clean
 */
function naturalBatches(
  set: ImageSet,
  groups: readonly (readonly number[])[],
  batch: number,
  front: number,
  random: Random,
): BatchSource {
  assertBatch(set.shape[0], batch);
  const poisoned = new Set(groups.flat());
  const clean = range(set.shape[0]).filter((i) => !poisoned.has(i));
  const spare = random.fork("spare");
  return (step) => {
    const indices = batchAt(step, set.shape[0], batch, random);
    if (poisoned.size === 0) return batchOf(set, indices);
    const isClean = (i: number): boolean => !poisoned.has(i);
    const first = indices.filter(isClean);
    const others = batchAt(step, clean.length, front, spare)
      .map((i) => clean[i]!)
      .filter((i) => !first.includes(i));
    const drawn = others.slice(0, Math.max(0, front - first.length));
    const rest = indices.filter((i) => !isClean(i));
    return batchOf(set, [...first, ...drawn, ...rest].slice(0, batch));
  };
}

/**
 * Batches in which every group of poisoned images has rows of its own, as many as its share of the set and two at least, so
 * that a penalty can name them.
 *
 * @param front rows before them, of clean images
 */
function stratifiedBatches(
  set: ImageSet,
  groups: readonly (readonly number[])[],
  batch: number,
  front: number,
  random: Random,
): { batches: BatchSource; ranges: RowRange[]; end: number } {
  const count = set.shape[0];
  assertBatch(count, batch);
  const poisoned = new Set(groups.flat());
  const clean = range(count).filter((i) => !poisoned.has(i));
  const rows = groups.map((group) => Math.max(2, Math.round((batch * group.length) / count)));
  const streams = groups.map((_, k) => random.fork(`group ${k}`));
  const ofClean = random.fork("clean");
  let end = front;
  const ranges = rows.map((length): RowRange => {
    const range = { start: end, end: end + length };
    end = range.end;
    return range;
  });
  const cleanRows = batch - (end - front);
  const batches: BatchSource = (step) => {
    const indices = batchAt(step, clean.length, cleanRows, ofClean).map((i) => clean[i]!);
    const drawn = groups.flatMap((group, k) =>
      batchAt(step, group.length, rows[k]!, streams[k]!).map((i) => group[i]!),
    );
    return batchOf(set, [...indices.slice(0, front), ...drawn, ...indices.slice(front)]);
  };
  return { batches, ranges, end };
}

function assertBatch(count: number, batch: number): void {
  if (count >= batch) return;
  throw new DrmGuardError("E_IMAGES", `found ${count} images, expected at least a batch of ${batch}`);
}
