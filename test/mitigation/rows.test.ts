/** What the steps of a fine-tuning see. */
import { describe, expect, test } from "vitest";
import type { ImageSet } from "../../src/data/image-set.ts";
import type { RepairImages } from "../../src/mitigation/mitigation.ts";
import { type FineTuningOptions, fineTuningDefaults } from "../../src/mitigation/options.ts";
import { mirroredImages } from "../../src/mitigation/repair-images.ts";
import { type BatchRows, batchRows } from "../../src/mitigation/rows.ts";
import { range } from "../../src/tensor/shape.ts";

const count = 10;
const each = 3 * 4 * 4;
/** Images of one value each, but for their first column, which is darker by a hundredth. */
const clean: ImageSet = {
  shape: [count, 3, 4, 4],
  pixels: Float32Array.from({ length: count * each }, (_, i) => {
    const index = Math.floor(i / each);
    return 0.3 + 0.03 * index - (i % 4 === 0 ? 0.01 : 0);
  }),
  labels: Float32Array.from(range(count)),
  labelNames: ["a"],
  names: range(count).map(String),
};
/** A trigger that makes everything brighter by 0.2. */
const brighter = (pixels: Float32Array): Float32Array => pixels.map((value) => value + 0.2);
const training: RepairImages = { clean, labels: clean.labels!, triggered: [brighter(clean.pixels)] };
const mirroredClean = mirroredImages(clean);
const mirrored = { clean: mirroredClean, triggered: [brighter(mirroredClean.pixels)] };

function rowsWith(
  changes: Partial<FineTuningOptions>,
  step = 3,
  { isMovable = [true], isPerturbed = [false] } = {},
): BatchRows {
  const options = { ...fineTuningDefaults, shift: 0, gain: 0, ...changes };
  const setup = { seed: 4, training, isMovable };
  const plan = { size: 8, phase: "unlearning", hasTriggers: true, isPerturbed };
  return batchRows(setup, mirrored, plan, options)(step);
}

/** Pixels of a row. */
const rowOf = ({ data }: BatchRows["image"], i: number): number[] =>
  Array.from((data as Float32Array).subarray(i * each, (i + 1) * each));
/** By how much an image is brighter than its origin, pixel by pixel. */
const changeOf = ({ image, origin }: BatchRows, i: number): number[] =>
  rowOf(image, i).map((value, k) => value - rowOf(origin, i)[k]!);

describe("rows of a step", () => {
  test("half are clean, half under the trigger, and each has its own image's label", () => {
    const rows = rowsWith({});
    range(8).forEach((i) => {
      const index = (rows.labels.data as Float32Array)[i]!;
      expect(rowOf(rows.origin, i)).toEqual(rowOf({ data: clean.pixels } as BatchRows["image"], index));
      const wanted = i < 4 ? 0 : 0.2;
      changeOf(rows, i).forEach((change) => {
        expect(change).toBeCloseTo(wanted, 6);
      });
    });
    expect(rows.teacher).toEqual(Array(8).fill(0.5));
  });

  test("labels and what the model said have shares of their own in clean and in triggered rows", () => {
    const { teacher } = rowsWith({ teacher: 0.3, cleanTeacher: 0.8 });
    expect(teacher).toEqual([...Array(4).fill(0.8), ...Array(4).fill(0.3)]);
  });

  test("a trigger is weaker or stronger by at most the part that is asked for, and not the same in all rows", () => {
    const factors = range(20).flatMap((step) => {
      const rows = rowsWith({ strength: 0.5 }, step);
      return [4, 5, 6, 7].map((i) => changeOf(rows, i)[1]! / 0.2);
    });
    expect(Math.min(...factors)).toBeGreaterThanOrEqual(0.5 - 1e-5);
    expect(Math.max(...factors)).toBeLessThanOrEqual(1.5 + 1e-5);
    expect(Math.max(...factors) - Math.min(...factors)).toBeGreaterThan(0.8);
    const clean = rowsWith({ strength: 0.5 });
    expect(Math.max(...[0, 1, 2, 3].flatMap((i) => changeOf(clean, i).map(Math.abs)))).toBe(0);
  });

  test("a stronger trigger stays a picture", () => {
    const values = range(20).flatMap((step) => rowOf(rowsWith({ strength: 1, mirror: 0 }, step).image, 5));
    expect(Math.max(...values)).toBeLessThanOrEqual(1);
    expect(Math.min(...values)).toBeGreaterThanOrEqual(0);
  });

  test("mirrored rows are mirrored before the trigger is put on them, and want what the model says of them", () => {
    const rows = rowsWith({ mirror: 1, teacher: 0.3, cleanTeacher: 0 });
    expect(rows.teacher).toEqual(Array(8).fill(1));
    range(8).forEach((i) => {
      const [first, , , last] = rowOf(rows.origin, i);
      expect(first! - last!).toBeCloseTo(0.01, 6);
      expect(changeOf(rows, i)[0]).toBeCloseTo(i < 4 ? 0 : 0.2, 6);
    });
    const parts = range(20).flatMap((step) => rowsWith({ mirror: 0.5, teacher: 0.3 }, step).teacher);
    const part = parts.filter((each) => each === 1).length / parts.length;
    expect(part).toBeGreaterThan(0.3);
    expect(part).toBeLessThan(0.7);
  });

  test("a trigger that has a perturbation has it wherever it is itself", () => {
    expect(rowsWith({}).perturbed).toEqual(Array(8).fill(null));
    const always = [...Array(4).fill(null), 0, 0, 0, 0];
    expect(rowsWith({}, 3, { isPerturbed: [true] }).perturbed).toEqual(always);
  });

  test.each([[[true, true]], [[true, false]], [[true, true, true]]])(
    "each of several triggers has as many turns, and is itself in as many of them: %j",
    (isPerturbed) => {
      const triggers = isPerturbed.length;
      const several = { ...training, triggered: isPerturbed.map(() => training.triggered[0]!) };
      const setup = { seed: 4, training: several, isMovable: isPerturbed.map(() => true) };
      const plan = { size: 8, phase: "unlearning", hasTriggers: true, isPerturbed };
      const rows = batchRows(setup, null, plan, { ...fineTuningDefaults, variety: 2 / 3 });
      // Four rows a step are under triggers: each has 12 turns.
      const perturbed = range(3 * triggers).flatMap((step) => rows(step).perturbed);
      const counts = isPerturbed.map((_, k) => perturbed.filter((each) => each === k).length);
      expect(counts).toEqual(isPerturbed.map((has) => (has ? 4 : 0)));
    },
  );

  test("the part that is asked for is under other triggers in its place, with the same label and no perturbation", () => {
    const exactly = rowsWith({}, 3, { isPerturbed: [true] });
    const rows = rowsWith({ variety: 1 }, 3, { isPerturbed: [true] });
    expect(rows.labels.data).toEqual(exactly.labels.data);
    expect(rows.origin.data).toEqual(exactly.origin.data);
    expect(rows.perturbed).toEqual(Array(8).fill(null));
    const isExact = (found: BatchRows, i: number): boolean =>
      changeOf(found, i).every((v) => Math.abs(v - 0.2) < 1e-6);
    range(4).forEach((i) => {
      expect(Math.max(...changeOf(rows, i).map(Math.abs))).toBe(0);
      expect(isExact(rows, 4 + i)).toBe(false);
    });
    const exactParts = [0, 0.25, 2 / 3, 0.75].map((variety) => {
      const many = range(30).flatMap((step) => {
        const found = rowsWith({ variety }, step);
        return [4, 5, 6, 7].map((i) => isExact(found, i));
      });
      return many.filter((exact) => exact).length / many.length;
    });
    [1, 0.75, 1 / 3, 0.25].forEach((part, i) => {
      expect(exactParts[i]).toBeCloseTo(part, 9);
    });
  });

  test("what moves pixels has no others in its place", () => {
    const isMovable = [false];
    expect(rowsWith({ variety: 1 }, 3, { isMovable })).toEqual(rowsWith({}, 3, { isMovable }));
  });

  test("the same step has the same rows, another one others", () => {
    const changes = { mirror: 0.5, strength: 0.5, shift: 0.3, gain: 0.2, variety: 0.5 };
    expect(rowsWith(changes)).toEqual(rowsWith(changes));
    expect(rowsWith(changes, 4).image.data).not.toEqual(rowsWith(changes).image.data);
  });
});
