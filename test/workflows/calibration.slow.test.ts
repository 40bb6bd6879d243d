import { describe, expect, test } from "vitest";
import { outputScale, toOutputs } from "../../src/identification/contrast/scale.ts";
import { predict } from "../../src/identification/predict.ts";
import { memoryArchive } from "../../src/loops/memory-archive.ts";
import type { WorkEvent } from "../../src/loops/work.ts";
import { examine } from "../../src/models/examined-model.ts";
import { importModel } from "../../src/models/import.ts";
import { defaultPreprocessing } from "../../src/models/preprocessing.ts";
import type { ScanResult } from "../../src/report/result.ts";
import { nodeRuntime } from "../../src/runtime/node.ts";
import type { ModelSource } from "../../src/workflows/host.ts";
import type { ScanOptions } from "../../src/workflows/scan-options.ts";
import { cornerBackdoorFile } from "../support/backdoored.ts";
import { errorOf } from "../support/errors.ts";
import { someImages } from "../support/identification.ts";
import { loadedModel, modelSource, scanHere } from "../support/scanning.ts";

const benign = someImages(24);
/** The toy without a jump, with weights of its own. */
const good = (seed: number, dimension = 2): ModelSource =>
  modelSource(`models/good-${seed}.onnx`, cornerBackdoorFile(null, dimension, seed));
const references = [20, 30, 40].map((seed) => good(seed));
const model = () => loadedModel("model.onnx", cornerBackdoorFile(null));

/** A scan of few steps, whose score is a number that depends on the model. */
const short: Partial<ScanOptions> = {
  method: "paper",
  options: { steps: 4, pretrainingSteps: 4, generatorChannels: 2, batch: 8, rule: "paper" },
};
const scoresOf = ({ calibration }: ScanResult): number[] => calibration!.references.map(({ score }) => score);
const warningsOf = (events: readonly WorkEvent[]): string[] =>
  events.flatMap((event) => (event.kind === "warning" ? [event.message] : []));
/** Steps of searches, by what comes before the colon. */
const searchedIn = (events: readonly WorkEvent[]): string[] => [
  ...new Set(
    events.flatMap((event) =>
      event.kind === "step" && event.phase.endsWith(": reverse engineering")
        ? [event.phase.replace(/: .*/, "")]
        : [],
    ),
  ),
];

/** exp(mean - t s sqrt(4/3)) for three scores: Student's t of two degrees of freedom has a closed form. */
function boundOfThree(scores: readonly number[]): number {
  const logs = scores.map(Math.log);
  const mean = logs.reduce((a, b) => a + b, 0) / 3;
  const s = Math.sqrt(logs.reduce((sum, value) => sum + (value - mean) ** 2, 0) / 2);
  return Math.exp(mean - (0.98 / Math.sqrt(0.0198)) * s * Math.sqrt(4 / 3));
}

describe("a scan with three references", () => {
  test("takes its threshold from their scores, which are those of scans of their own", async () => {
    const events: WorkEvent[] = [];
    const result = await scanHere(await model(), benign, { ...short, references }, { events });
    const alone = await Promise.all(
      references.map(async ({ load }) => scanHere(await load(), benign, short)),
    );
    const plain = await scanHere(await model(), benign, short);
    expect(scoresOf(result)).toEqual(alone.map(({ score }) => score));
    expect(result.calibration!.references.map(({ path, sha256 }) => [path, sha256])).toEqual(
      alone.map(({ model }) => [model.path, model.sha256]),
    );
    const threshold = boundOfThree(scoresOf(result));
    expect(new Set(scoresOf(result)).size).toBe(3);
    expect(result.threshold / threshold).toBeCloseTo(1, 9);
    expect(result.calibration).toMatchObject({
      option: "epsilon",
      threshold: result.threshold,
      ownThreshold: 0.03,
      confidence: 0.99,
    });
    expect(result.options.epsilon).toBe(result.threshold);
    // The search does not know of the threshold, so it is what it would be without references.
    expect(result.score).toBe(plain.score);
    expect(plain.threshold).toBe(0.03);
    expect(plain).not.toHaveProperty("calibration");
    expect(result.margin).toBeCloseTo(result.score / result.threshold, 12);
    expect(result.reasons.at(-1)).toMatch(
      /^the threshold of [\d.]+ is calibrated: 99 % of models like the 3 reference models score above it$/,
    );
    expect(searchedIn(events)).toEqual([
      "reference 1 of 3, good-20.onnx",
      "reference 2 of 3, good-30.onnx",
      "reference 3 of 3, good-40.onnx",
      "the model",
    ]);
  });

  test("scans none of them again the next time, and all of them with another seed", async () => {
    const checkpoints = memoryArchive();
    const first = await scanHere(await model(), benign, { ...short, references }, { checkpoints });
    const events: WorkEvent[] = [];
    const other = await loadedModel("other.onnx", cornerBackdoorFile(null, 2, 50));
    const second = await scanHere(other, benign, { ...short, references }, { checkpoints, events });
    expect(searchedIn(events)).toEqual(["the model"]);
    expect(second.calibration).toEqual(first.calibration);
    expect(await checkpoints.keys("scan-")).toEqual([]);
    const again: WorkEvent[] = [];
    const place = { checkpoints, events: again };
    const seeded = await scanHere(await model(), benign, { ...short, references, seed: 2 }, place);
    expect(searchedIn(again)).toHaveLength(4);
    expect(scoresOf(seeded)).not.toEqual(scoresOf(first));
  });

  test("that is interrupted goes on with the reference that it was at, and ends with the same numbers", async () => {
    const whole = await scanHere(await model(), benign, { ...short, references });
    const checkpoints = memoryArchive();
    const events: WorkEvent[] = [];
    const isInSecond = (): boolean =>
      events.some(
        ({ kind, ...event }) =>
          kind === "step" && "phase" in event && /^reference 2.*reverse/.test(event.phase),
      );
    const error = await errorOf(async () =>
      scanHere(
        await model(),
        benign,
        { ...short, references },
        { checkpoints, events, shouldStop: isInSecond },
      ),
    );
    expect(error).toMatchObject({ code: "E_INTERRUPTED" });
    expect(error.message).toContain("reference models/good-30.onnx: ");
    const later: WorkEvent[] = [];
    const resumed = await scanHere(
      await model(),
      benign,
      { ...short, references, resume: true },
      { checkpoints, events: later },
    );
    expect(searchedIn(later)).toEqual([
      "reference 2 of 3, good-30.onnx",
      "reference 3 of 3, good-40.onnx",
      "the model",
    ]);
    const first = later.find((event) => event.kind === "step" && event.phase.includes("reverse"));
    expect(first).toMatchObject({ step: expect.any(Number) });
    expect((first as { step: number }).step).toBeGreaterThan(1);
    expect(resumed.calibration).toEqual(whole.calibration);
    expect([resumed.score, resumed.threshold]).toEqual([whole.score, whole.threshold]);
  });

  test("names those that the method itself takes for backdoored", async () => {
    const events: WorkEvent[] = [];
    const epsilon = 1;
    const options = { ...short.options, epsilon };
    const result = await scanHere(await model(), benign, { ...short, options, references }, { events });
    expect(scoresOf(result).every((score) => score < epsilon)).toBe(true);
    expect(
      result.warnings.map((each) => /^reference (\S+) scores .* below the method's own/.exec(each)?.[1]),
    ).toEqual(references.map(({ path }) => path));
    expect(warningsOf(events)).toEqual(result.warnings);
  });

  test("whose scores are all the same keeps the method's own threshold, and says so", async () => {
    // Without any step nothing is found on any model: all score 1.
    const none = {
      mapSteps: 0,
      tightMapSteps: 0,
      steps: 0,
      growingSteps: 0,
      climbSteps: 4,
      mapTargets: 4,
      families: ["patch" as const],
    };
    const result = await scanHere(await model(), benign, { options: none, references });
    expect(scoresOf(result)).toEqual([1, 1, 1]);
    expect(result.calibration!.threshold).toBeNull();
    expect(result.threshold).toBe(result.calibration!.ownThreshold);
    expect(result.warnings.join()).toContain("all 3 references score 1, which says nothing");
    expect(result.reasons.at(-1)).toContain("is the method's own: 3 reference models all score 1");
  });

  test("ends with an error when there is no time to scan them", async () => {
    const error = await errorOf(async () =>
      scanHere(await model(), benign, { ...short, references, timeBudget: 1e-6 }),
    );
    expect(error).toMatchObject({ code: "E_TIME", hint: expect.stringContaining("--resume") });
    expect(error.message).toContain("reference models/good-20.onnx");
  });
});

test("a jump lies below a threshold that other benign models of its kind gave, and a benign model does not", async () => {
  const options = {
    families: ["patch" as const],
    mapTargets: 8,
    mapSteps: 200,
    tightMapSteps: 60,
    steps: 120,
  };
  const at = { features: null, outputs: null };
  const usual = await examine(
    nodeRuntime(),
    importModel(cornerBackdoorFile(null)),
    defaultPreprocessing,
    benign.shape,
    at,
  );
  const scale = outputScale(await predict(nodeRuntime(), usual, benign), 2);
  const jumping = await loadedModel("jump.onnx", cornerBackdoorFile(toOutputs([1.2, -1], scale)));
  const checkpoints = memoryArchive();
  const found = await scanHere(jumping, benign, { options, references }, { checkpoints });
  const other = await scanHere(await model(), benign, { options, references }, { checkpoints });
  expect(found.verdict).toBe("backdoored");
  expect(other.verdict).toBe("benign");
  expect(found.threshold).toBe(other.threshold);
  expect(found.threshold / boundOfThree(scoresOf(found))).toBeCloseTo(1, 9);
});

describe("references that cannot be used are refused before any search", () => {
  const wide = [
    ["two of them", references.slice(0, 2), "E_USAGE", "found 2 references, expected at least 3: the spread"],
    [
      "another number of outputs",
      [...references, good(60, 3)],
      "E_REFERENCE",
      "reference models/good-60.onnx: it has 3 outputs, expected 2",
    ],
    [
      "the model itself",
      [...references, modelSource("copy.onnx", cornerBackdoorFile(null))],
      "E_REFERENCE",
      "reference copy.onnx: it is the same file as the model model.onnx",
    ],
    [
      "one twice",
      [...references, references[0]!],
      "E_REFERENCE",
      "it is the same file as the reference models/good-20.onnx",
    ],
  ] as const;
  test.each(wide)("%s", async (_, given, code, message) => {
    const events: WorkEvent[] = [];
    const error = await errorOf(async () =>
      scanHere(await model(), benign, { ...short, references: given }, { events }),
    );
    expect(error).toMatchObject({ code });
    expect(error.message).toContain(message);
    expect(events.filter(({ kind }) => kind === "step")).toEqual([]);
  });

  test.each([
    ["neural-cleanse", {}, "decides by how far the smallest"],
    ["feature-re", {}, "rule=rank, which gives no verdict"],
  ] as const)("the method %s, which does not decide by a threshold", async (method, options, message) => {
    const events: WorkEvent[] = [];
    const error = await errorOf(async () =>
      scanHere(await model(), benign, { method, options, references }, { events }),
    );
    expect(error).toMatchObject({ code: "E_USAGE" });
    expect(error.message).toContain(message);
    expect(events.filter(({ kind }) => kind === "step")).toEqual([]);
  });

  test("feature-re takes them where it decides by a threshold", async () => {
    const options = { ...short.options, rule: "threshold" as const };
    const result = await scanHere(await model(), benign, { method: "feature-re", options, references });
    expect(result.threshold / boundOfThree(scoresOf(result))).toBeCloseTo(1, 9);
    expect(result.options.epsilon).toBe(result.threshold);
  });
});
