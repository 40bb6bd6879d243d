import { expect, test } from "vitest";
import { exitCodeOf, unusable, verdictExitCodes } from "../../src/cli/exit-codes.ts";
import type { MethodChanges, MethodName } from "../../src/identification/methods.ts";
import { methodChanges, parseMethodSettings } from "../../src/workflows/method-settings.ts";
import { errorOf } from "../support/errors.ts";

const parse = (text: string, method: MethodName = "paper"): MethodChanges =>
  methodChanges(method, parseMethodSettings(text));

test("options are numbers and words by their names", () => {
  expect(parse("steps=40, epsilon=2e-2,rule=paper")).toEqual({
    steps: 40,
    epsilon: 0.02,
    rule: "paper",
  });
});

test.each([
  ["steps", 'found "steps", expected name=value'],
  ["steps=1=2", 'found "steps=1=2", expected name=value'],
  ["stesp=1", 'found option "stesp", expected one of'],
  ["__proto__=1", 'found option "__proto__", expected one of'],
  ["toString=1", 'found option "toString", expected one of'],
  ["steps=many", "found steps=many, expected a number"],
  ["steps=", "found steps=, expected a number"],
  ["epsilon=Infinity", "found epsilon=Infinity, expected a number"],
])("%s is refused", async (text, part) => {
  const error = await errorOf(() => parse(text));
  expect(error).toMatchObject({ code: "E_USAGE", message: expect.stringContaining(part) });
});

test("each method has its own options, and lists are separated by colons", async () => {
  expect(parse("families=warp:patch,steps=7", "contrast")).toEqual({ families: ["warp", "patch"], steps: 7 });
  for (const [text, method] of [
    ["epsilon=1", "contrast"],
    ["controls=3", "paper"],
  ] as const) {
    const error = await errorOf(() => parse(text, method));
    expect(error).toMatchObject({ code: "E_USAGE", message: expect.stringContaining("expected one of") });
  }
});

test("exit codes tell verdicts, failures and unusable input apart", () => {
  expect(verdictExitCodes).toEqual({ benign: 0, backdoored: 1, inconclusive: 3 });
  expect((["E_DIVERGED", "E_RUNTIME", "E_TIME", "E_WRITE", "E_INTERNAL"] as const).map(exitCodeOf)).toEqual([
    2, 2, 2, 2, 2,
  ]);
  expect((["E_USAGE", "E_FILE", "E_CLASSIFIER", "E_IMAGES", "E_MEMORY"] as const).map(exitCodeOf)).toEqual(
    new Array(5).fill(unusable),
  );
  expect(exitCodeOf("E_INTERRUPTED")).toBe(130);
});
