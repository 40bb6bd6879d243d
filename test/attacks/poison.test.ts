import { expect, test } from "vitest";
import { attackDefaults } from "../../src/attacks/options.ts";
import { type Backdoor, poisonedBatches, poisonSet } from "../../src/attacks/poison.ts";
import { applyTrigger, makeTrigger } from "../../src/attacks/trigger.ts";
import { type ImageSet, imageOf } from "../../src/data/image-set.ts";
import type { WorkEvent } from "../../src/loops/work.ts";
import { createRandom } from "../../src/random.ts";
import { batchesOf } from "../../src/training/train.ts";
import { errorOf } from "../support/errors.ts";
import { someImages } from "../support/identification.ts";

const shape = [3, 16, 16] as const;
const labels = Float32Array.from({ length: 80 }, (_, i) => i / 100);
const clean: ImageSet = { ...someImages(40, 16), labels, labelNames: ["pitch", "yaw"] };
const target = [0.2, 0.3];
const quiet = (): void => {};
const backdoor = (attack: "badnets" | "sig" | "wanet", changes: Partial<Backdoor> = {}): Backdoor => ({
  ...attackDefaults[attack],
  trigger: makeTrigger(attack, attack === "wanet" ? { cell: 4 } : {}, shape, createRandom(4)),
  target,
  ...changes,
});
const labelOf = (set: ImageSet, i: number): number[] => [...set.labels!.subarray(2 * i, 2 * i + 2)];

test("a share of the images gets the trigger and the target; the others and the clean set stay", () => {
  const before = structuredClone(clean);
  const bad = backdoor("badnets", { poisonRate: 0.1 });
  const { set, poisoned } = poisonSet(clean, [bad], createRandom(7), quiet);
  expect(clean).toEqual(before);
  expect(poisoned[0]).toHaveLength(4);
  for (let i = 0; i < 40; i++) {
    const isPoisoned = poisoned[0]!.includes(i);
    const image = imageOf(clean, i);
    expect(imageOf(set, i)).toEqual(isPoisoned ? applyTrigger(bad.trigger, image, shape) : image);
    expect(labelOf(set, i)).toEqual(isPoisoned ? [...Float32Array.from(target)] : labelOf(clean, i));
  }
  expect(poisonSet(clean, [bad], createRandom(7), quiet).poisoned).toEqual(poisoned);
  expect(poisonSet(clean, [bad], createRandom(8), quiet).poisoned).not.toEqual(poisoned);
});

test("several backdoors take different images", () => {
  const two = [
    backdoor("badnets", { poisonRate: 0.5 }),
    backdoor("sig", { poisonRate: 0.5, target: [0.1, 0.1] }),
  ];
  const { set, poisoned } = poisonSet(clean, two, createRandom(7), quiet);
  expect([...poisoned.flat()].sort((a, b) => a - b)).toEqual(Array.from({ length: 40 }, (_, i) => i));
  expect(labelOf(set, poisoned[1]![0]!)).toEqual([...Float32Array.of(0.1, 0.1)]);
});

test("WaNet's batches: a tenth with trigger and target, a fifth with noise and true labels, the rest clean", () => {
  const source = batchesOf(clean, 20, createRandom(3));
  const wanet = backdoor("wanet");
  const poisoned = poisonedBatches(source, [wanet], createRandom(5));
  const size = 3 * 16 * 16;
  for (const step of [0, 1, 5]) {
    const [before, after] = [source(step), poisoned(step)];
    const row = (batch: typeof before, i: number): Float32Array =>
      (batch.image.data as Float32Array).subarray(i * size, (i + 1) * size);
    for (let i = 0; i < 20; i++) {
      const triggered = applyTrigger(wanet.trigger, row(before, i), shape);
      if (i < 2) expect(row(after, i)).toEqual(triggered);
      else if (i < 6) {
        expect(row(after, i)).not.toEqual(triggered);
        expect(row(after, i)).not.toEqual(row(before, i));
      } else expect(row(after, i)).toEqual(row(before, i));
      const label = (batch: typeof before): number[] => [
        ...(batch.labels.data as Float32Array).subarray(2 * i, 2 * i + 2),
      ];
      expect(label(after)).toEqual(i < 2 ? [...Float32Array.from(target)] : label(before));
    }
    // The same step is the same batch, noise and all: a resumed training needs it.
    expect(poisoned(step)).toEqual(after);
  }
  expect(poisoned(0).image).not.toEqual(poisoned(2).image);
});

test("two targets by WaNet leave two fifths of a batch clean", () => {
  const options = attackDefaults["multi-target-wanet"];
  const two = [1, 2].map((seed) => ({
    ...options,
    trigger: makeTrigger("multi-target-wanet", { cell: 4 }, shape, createRandom(seed)),
    target: [seed / 10, 0.1],
  }));
  const source = batchesOf(clean, 20, createRandom(3));
  const [before, after] = [source(0), poisonedBatches(source, two, createRandom(5))(0)];
  const first = (after.labels.data as Float32Array).filter((_, i) => i % 2 === 0);
  expect([...first.slice(0, 3), ...first.slice(6, 9)]).toEqual([
    ...Float32Array.of(0.1, 0.1, 0.1, 0.2, 0.2, 0.2),
  ]);
  const size = 3 * 16 * 16;
  const rest = (batch: typeof before): Float32Array => (batch.image.data as Float32Array).subarray(12 * size);
  expect(rest(after)).toEqual(rest(before));
});

test("images that another attack has stay as they are, and have to leave enough", async () => {
  const taken = new Set(Array.from({ length: 30 }, (_, i) => i));
  const bad = backdoor("badnets", { poisonRate: 0.25 });
  const { set, poisoned } = poisonSet(clean, [bad], createRandom(7), quiet, taken);
  expect(poisoned).toEqual([[30, 31, 32, 33, 34, 35, 36, 37, 38, 39]]);
  for (const i of taken) expect(imageOf(set, i)).toEqual(imageOf(clean, i));
  const more = backdoor("badnets", { poisonRate: 0.3 });
  expect(await errorOf(() => poisonSet(clean, [more], createRandom(7), quiet, taken))).toMatchObject({
    code: "E_USAGE",
    message: "the backdoors take 12 images, expected at most the 10 that the other attacks leave of 40",
  });
});

test("a target outside of the labels is warned of, one inside is not", () => {
  const events: WorkEvent[] = [];
  const far = [backdoor("badnets"), backdoor("sig", { target: [0.2, -2] })];
  poisonSet(clean, far, createRandom(1), (event) => events.push(event));
  expect(events).toEqual([
    {
      kind: "warning",
      message: expect.stringMatching(
        /^the target of sig has yaw = -2, outside of the labels' 0.0\d* to 0.7\d*$/,
      ),
    },
  ]);
});

test.each([
  [
    [backdoor("badnets", { poisonRate: 0.01 })],
    "E_USAGE",
    "a poison rate of 0.01 leaves no poisoned image among 40, expected at least 0.025",
  ],
  [[backdoor("badnets", { poisonRate: Number.NaN })], "E_USAGE", /leaves no poisoned image/],
  [
    [backdoor("badnets", { poisonRate: 0.7 }), backdoor("sig", { poisonRate: 0.5 })],
    "E_USAGE",
    "the backdoors take 48 images, expected at most the 40 that are there",
  ],
  [[backdoor("badnets", { target: [1] })], "E_LABELS", "found a target of 1 numbers, expected 2"],
] as const)("backdoors that cannot be put in are refused: $2", async (backdoors, code, message) => {
  const error = await errorOf(() => poisonSet(clean, backdoors, createRandom(1), quiet));
  expect(error.code).toBe(code);
  expect(error.message).toMatch(message);
});

test("images without labels cannot be poisoned", async () => {
  const unlabelled = { ...clean, labels: null };
  const error = await errorOf(() => poisonSet(unlabelled, [backdoor("sig")], createRandom(1), quiet));
  expect(error.code).toBe("E_LABELS");
});
