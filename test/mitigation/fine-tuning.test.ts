/** Fine-tuning of a small model whose output jumps when a corner has a pattern. */
import { beforeAll, describe, expect, test } from "vitest";
import { mitigate } from "../../src/mitigation/methods.ts";
import type { ImagesUnderTriggers, MitigationSetup, RepairImages } from "../../src/mitigation/mitigation.ts";
import { cornerBackdoor, cornerBackdoorFile } from "../support/backdoored.ts";
import { errorOf } from "../support/errors.ts";
import { memoryStore } from "../support/identification.ts";
import { mitigationSetup, repairErrors } from "../support/mitigation.ts";

const short = {
  steps: 120,
  batch: 16,
  learningRate: 1e-2,
  evaluateEvery: 10,
  shift: 0,
  gain: 0,
  teacher: 0,
  cleanTeacher: 0,
  mirror: 0,
  strength: 0,
  perturbation: 0,
};

let setup: MitigationSetup;
let held: RepairImages;
beforeAll(async () => {
  // Labels are what the model would say without the jump.
  ({ setup, held } = await mitigationSetup(cornerBackdoorFile([3, -2]), cornerBackdoor(null)));
});

const errorsOf = (weights: Float32Array) => repairErrors(setup, weights, held);

const fresh = (changes: Partial<MitigationSetup> = {}): MitigationSetup => ({
  ...setup,
  checkpoints: memoryStore(),
  ...changes,
});

describe("unlearning", () => {
  test("takes the jump out, which fine-tuning on clean images does not", async () => {
    const before = await errorsOf(setup.weights.values);
    const unlearned = await mitigate(fresh(), "unlearning", short);
    const tuned = await mitigate(fresh(), "fine-tuning", short);
    const after = await errorsOf(unlearned.weights);
    const plain = await errorsOf(tuned.weights);
    expect(before.triggered[0]).toBeGreaterThan(1);
    expect(after.triggered[0]).toBeLessThan(0.2 * before.triggered[0]!);
    // What is left of the clean error is small beside the jump; others like a trigger cover much of so small an image.
    expect(after.clean).toBeLessThan(0.1 * before.triggered[0]!);
    expect(plain.triggered[0]).toBeGreaterThan(2 * after.triggered[0]!);
    expect(unlearned).toMatchObject({ isComplete: true, measures: { steps: short.steps } });
  });

  test("the weights are those that did best on the validation images", async () => {
    const found = await mitigate(fresh(), "unlearning", short);
    const scores = found.history.flatMap(({ step, values: { cleanError, triggeredError } }) =>
      cleanError === undefined ? [] : [{ step, score: cleanError + triggeredError! }],
    );
    const best = scores.reduce((low, each) => (each.score < low.score ? each : low));
    expect(scores).toHaveLength(short.steps / short.evaluateEvery);
    expect(found.measures.bestStep).toBe(best.step + 1);
  });

  test("with a perturbation the jump goes too where the trigger that was found is but a part of the attacker's", async () => {
    // Half of what the pattern changes: the detector answers to it, but less.
    const half = <T extends ImagesUnderTriggers>(images: T): T => ({
      ...images,
      triggered: images.triggered.map((pixels) =>
        pixels.map((value, i) => (value + images.clean.pixels[i]!) / 2),
      ),
    });
    const halved = {
      training: half(setup.training),
      validation: half(setup.validation),
    };
    const errorWith = async (perturbation: number): Promise<number> => {
      const found = await mitigate(fresh(halved), "unlearning", {
        ...short,
        perturbation,
      });
      return (await errorsOf(found.weights)).triggered[0]!;
    };
    const [plain, perturbed] = [await errorWith(0), await errorWith(1)];
    expect(perturbed).toBeLessThan(0.5 * plain);
  });

  test("the last weights are averaged at a constant rate", async () => {
    // What is measured at the end alone is what the steps led to.
    const plain = { ...short, warmUp: 0, evaluateEvery: 1000 };
    const weightsAfter = async (steps: number, averaged: number): Promise<Float32Array> =>
      (await mitigate(fresh(), "unlearning", { ...plain, steps, averaged })).weights;
    const last = await Promise.all([4, 5, 6].map((steps) => weightsAfter(steps, 1 / steps)));
    const found = await weightsAfter(6, 0.5);
    const far = found.map((value, i) => Math.abs(value - (last[0]![i]! + last[1]![i]! + last[2]![i]!) / 3));
    expect(Math.max(...far)).toBeLessThan(1e-6);
    expect(Math.max(...found.map((value, i) => Math.abs(value - last[2]![i]!)))).toBeGreaterThan(1e-3);
  });

  test("what was interrupted ends with the same bits, and another seed with others", async () => {
    const perturbedToo = { ...short, steps: 30, perturbation: 1 };
    const whole = await mitigate(fresh(), "unlearning", perturbedToo);
    const checkpoints = memoryStore();
    let asked = 0;
    const shouldStop = (): boolean => ++asked === 17;
    const error = await errorOf(() =>
      mitigate(fresh({ checkpoints, shouldStop }), "unlearning", perturbedToo),
    );
    expect(error.code).toBe("E_INTERRUPTED");
    const resumed = await mitigate(fresh({ checkpoints }), "unlearning", perturbedToo);
    expect(resumed.weights).toEqual(whole.weights);
    expect(resumed.history).toEqual(whole.history);
    const other = await mitigate(fresh({ seed: 2 }), "unlearning", perturbedToo);
    expect(other.weights).not.toEqual(whole.weights);
  });

  test("varied images are others in each step, and the same again with the same seed", async () => {
    const varied = { ...short, steps: 10, shift: 0.2, gain: 0.2 };
    const [first, second] = [
      await mitigate(fresh(), "unlearning", varied),
      await mitigate(fresh(), "unlearning", varied),
    ];
    const plain = await mitigate(fresh(), "unlearning", { ...varied, shift: 0, gain: 0 });
    expect(first.weights).toEqual(second.weights);
    expect(first.weights).not.toEqual(plain.weights);
  });

  test("targets are labels, what the model said of the clean image, or between them", async () => {
    // Labels are off by 5, and at the first step the model says what it said.
    const labels = setup.training.labels.map((value) => value + 5);
    const training = { ...setup.training, labels };
    const lossAt = async (teacher: number): Promise<number> => {
      const found = await mitigate(fresh({ training }), "fine-tuning", {
        ...short,
        steps: 1,
        shift: 0.2,
        teacher,
        cleanTeacher: teacher,
      });
      return found.history[0]!.values.loss!;
    };
    const told = await lossAt(0);
    expect(told).toBeGreaterThan(3);
    expect(await lossAt(0.5)).toBeCloseTo(told / 2, 4);
    expect(await lossAt(1)).toBeCloseTo(0, 4);
  });

  test("without time nothing is trained, and it says so", async () => {
    const found = await mitigate(fresh({ deadline: 0 }), "unlearning", short);
    expect(found).toMatchObject({ isComplete: false, measures: { steps: 0 } });
    expect(found.weights).toEqual(setup.weights.values);
  });

  test("options out of their range are refused, and too little memory makes the batch small", async () => {
    expect(await errorOf(() => mitigate(fresh(), "unlearning", { steps: 0 }))).toMatchObject({
      code: "E_USAGE",
    });
    const events: string[] = [];
    await mitigate(
      fresh({ memoryLimit: 1, onEvent: (event) => event.kind === "warning" && events.push(event.message) }),
      "unlearning",
      { ...short, steps: 1 },
    );
    expect(events.join()).toContain("batch of 4 instead of 16");
  });
});
