/** Which triggers a repair goes by. */
import { expect, test } from "vitest";
import type { ReversedTrigger } from "../../src/identification/reversed-trigger.ts";
import type { ScanResult } from "../../src/report/result.ts";
import { familiesLeftOut, suspiciousTriggers } from "../../src/workflows/repair-scans.ts";
import { triggerText } from "../../src/workflows/trigger-text.ts";
import { errorOf } from "../support/errors.ts";

/** Far from those of other families, unless a target is given. */
const places = { patch: 0, warp: 10, additive: 20, wave: 30 };
const trigger = (family: ReversedTrigger["family"], score: number, target: number = places[family]) =>
  triggerText({ family, theta: Float32Array.of(score), target: [target], score });
const scan = (triggers: ScanResult["triggers"]): ScanResult =>
  ({ triggers, threshold: 0.5, verdict: "backdoored", method: "contrast" }) as ScanResult;

/** Families and scores of what is chosen, and what was warned of. */
function chosen(found: ScanResult["triggers"], others: NonNullable<ScanResult["triggers"]>) {
  const warnings: string[] = [];
  const triggers = suspiciousTriggers(scan(found), others, [2], (message) => warnings.push(message));
  return { triggers: triggers.map(({ family, score }) => [family, score]), warnings };
}

test("the lowest comes first, and what is nearer to the threshold is left out", () => {
  // sqrt(0.08 * 0.5) = 0.2
  const found = [trigger("patch", 0.3), trigger("patch", 0.6)];
  const others = [trigger("wave", 0.08), trigger("wave", 0.19), trigger("warp", 0.21)];
  expect(chosen(found, others)).toEqual({
    triggers: [
      ["wave", 0.08],
      ["wave", 0.19],
    ],
    warnings: [],
  });
});

test("families that were searched and left out add up to those that were to be searched", () => {
  const of = (changes: object): string[] =>
    familiesLeftOut({
      ...scan([]),
      options: { families: "warp:patch:wave" },
      contrast: [{ family: "warp" }, { family: "patch" }],
      ...changes,
    } as unknown as ScanResult);
  expect(of({})).toEqual(["wave"]);
  expect(of({ contrast: [{ family: "warp" }] })).toEqual(["patch", "wave"]);
  expect(of({ options: { families: "warp:patch" } })).toEqual([]);
  expect(of({ verdict: "benign" })).toEqual([]);
  expect(of({ method: "paper" })).toEqual([]);
});

test("what leads to the same target in another family is the same backdoor", () => {
  // A neighbourhood is 1.2 standard deviations, of 2 here.
  const near = [trigger("patch", 0.05, 1), trigger("wave", 0.08, 3), trigger("patch", 0.07, 1.5)];
  expect(chosen([], near).triggers).toEqual([
    ["patch", 0.05],
    ["patch", 0.07],
  ]);
  expect(chosen([], [trigger("patch", 0.05, 1), trigger("wave", 0.06, 4)]).triggers).toHaveLength(2);
});

test("unless it costs about as much, so that nothing tells which family is the attacker's", () => {
  const near = [trigger("wave", 0.4, 1), trigger("patch", 0.45, 1.2)];
  expect(chosen([], near).triggers).toEqual([
    ["wave", 0.4],
    ["patch", 0.45],
  ]);
});

test("where nothing is suspicious the lowest stands alone, with a warning", () => {
  const { triggers, warnings } = chosen([trigger("patch", 0.7), trigger("patch", 0.9)], []);
  expect(triggers).toEqual([["patch", 0.7]]);
  expect(warnings).toHaveLength(1);
});

test("without a trigger there is nothing to go by", async () => {
  expect(await errorOf(() => suspiciousTriggers(scan([]), [], [2], () => {}))).toMatchObject({
    code: "E_RESULT",
  });
});

test("a benign scan without a trigger says that there is nothing to unlearn", async () => {
  const benign = { ...scan([]), verdict: "benign" } as ScanResult;
  const error = await errorOf(() => suspiciousTriggers(benign, [], [2], () => {}));
  expect(error.hint).toContain("nothing to unlearn");
});
