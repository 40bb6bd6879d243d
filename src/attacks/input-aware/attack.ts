/** The input-aware dynamic attack (Nguyen and Tran 2020) for regression: every image has a trigger of its own, which no other image has. */
import type { ImageSet } from "../../data/image-set.ts";
import { DrmGuardError } from "../../errors.ts";
import { batchAt, pixelsOf } from "../../loops/batches.ts";
import type { Work } from "../../loops/work.ts";
import { createRandom } from "../../random.ts";
import type { Runtime } from "../../runtime/runtime.ts";
import type { Companion } from "../../training/companion.ts";
import type { TrainingState } from "../../training/step.ts";
import type { BatchSource } from "../../training/train.ts";
import type { InputAwareOptions } from "../options.ts";
import { poisonedCount, type RowRange, warnOfTargets } from "../poison.ts";
import { inputAwareCompanion, patternVector } from "./companion.ts";
import { trainMask } from "./mask-training.ts";
import type { InputAwareTrigger } from "./trigger.ts";

/** What an attack is made for. */
export interface InputAwareSetup {
  /** y_T, [d] in the unit of the labels. */
  readonly target: readonly number[];
  readonly options: InputAwareOptions;
  /** Images in a batch of the network's training. */
  readonly batch: number;
  readonly seed: number;
  /** Where the training of M is saved; one for each choice of data, options and seed. */
  readonly key: string;
}

/** Everything that a training of the network needs to become an attack. */
export interface InputAwareAttack {
  /** What the network is trained together with. */
  readonly companion: Companion;
  /** Batches whose attack rows have the target as their label, with the other images that the companion wants. */
  readonly wrap: (batches: BatchSource) => BatchSource;
  /** The trigger that came of a training, from `companion` of the trained network. */
  readonly triggerOf: (companionState: TrainingState) => InputAwareTrigger;
  /** Attack and cross rows together, at the front of each batch; those after them stay clean. */
  readonly rows: number;
  /** The attack rows. */
  readonly poisoned: RowRange;
}

/**
 * Prepares the attack: trains M on the clean images, or takes it from where it was saved, and gives what the training
 * of the network needs.
 *
 * The network then minimises its own loss over n attack rows with the target as their label, n cross rows with the
 * pattern and mask of other images and their true label, and clean rows.
 *
 * Reading: M sees half a batch of pairs at a step, as many images as the network does, whatever memory allows.
 *
 * Throws E_USAGE when the options make no sense or a poison rate leaves no attack row or no room for the cross rows,
 * E_LABELS when there are no labels or the target does not fit them, E_DIVERGED, E_INTERRUPTED and E_RESUME as
 * training does.
 *
 * @param work gets a warning when the target is outside of the labels' range
 * @param clean the images that the network is trained on
 */
export async function prepareInputAware(
  runtime: Runtime,
  work: Work,
  clean: ImageSet,
  { target, options, batch, seed, key }: InputAwareSetup,
): Promise<InputAwareAttack> {
  const { labels, shape } = clean;
  if (labels === null) throw new DrmGuardError("E_LABELS", "found no labels, expected images with labels");
  const [count, ...imageShape] = shape;
  const dimension = labels.length / count;
  if (target.length !== dimension) {
    throw new DrmGuardError("E_LABELS", `found a target of ${target.length} numbers, expected ${dimension}`);
  }
  assertOptions(options);
  const poisoned = poisonedCount(options.poisonRate, batch);
  const crossed = Math.round(options.crossRatio * poisoned);
  if (poisoned + crossed > batch) {
    throw new DrmGuardError(
      "E_USAGE",
      `${poisoned} attack and ${crossed} cross images take more than a batch of ${batch}, expected a smaller poison rate or cross ratio`,
    );
  }
  warnOfTargets([{ trigger: { kind: "input-aware" }, target }], labels, clean.labelNames, work.onEvent);
  const pairs = Math.floor(batch / 2);
  const mask = await trainMask(runtime, work, clean, options, { pairs, seed, key: `${key}-mask` });
  const random = createRandom(seed).fork("others");
  return {
    companion: inputAwareCompanion(imageShape[0]!, poisoned, crossed, mask, options),
    wrap: (batches) => (step) => {
      const before = batches(step);
      const data = (before.labels.data as Float32Array).slice();
      for (let row = 0; row < poisoned; row++) data.set(target, row * dimension);
      const others = pixelsOf(clean, batchAt(step, count, poisoned, random));
      return { ...before, labels: { ...before.labels, data }, others };
    },
    triggerOf: (state) => ({
      kind: "input-aware",
      shape: imageShape,
      baseChannels: options.baseChannels,
      patternParameters: state[patternVector("parameters")]!,
      patternStatistics: state[patternVector("statistics")]!,
      maskParameters: mask.parameters,
      maskStatistics: mask.statistics,
    }),
    rows: poisoned + crossed,
    poisoned: { start: 0, end: poisoned },
  };
}

function assertOptions({ baseChannels, crossRatio, mask: { steps, density } }: InputAwareOptions): void {
  const isWhole = (value: number): boolean => Number.isInteger(value) && value >= 1;
  if (!(crossRatio >= 0 && crossRatio <= 1)) {
    throw new DrmGuardError("E_USAGE", `found a cross ratio of ${crossRatio}, expected one from 0 to 1`);
  }
  if (isWhole(baseChannels) && isWhole(steps) && density > 0 && density < 1) return;
  throw new DrmGuardError(
    "E_USAGE",
    `found ${baseChannels} base channels, ${steps} steps of the mask and a density of ${density}, expected whole numbers of 1 or more and a density between 0 and 1`,
  );
}
