/** Reversed triggers as text. */
import { expect, test } from "vitest";
import { triggerOfText, triggerText } from "../../src/workflows/trigger-text.ts";
import { errorOf } from "../support/errors.ts";

const trigger = {
  family: "patch",
  theta: Float32Array.of(1.5, -2.25, 1e-7, 3),
  target: [0.25, -1],
  score: 0.3,
} as const;

test("a trigger is the same after it was text, and a view of a larger array gives its own part", () => {
  expect(triggerOfText(triggerText(trigger))).toEqual(trigger);
  const theta = Float32Array.of(9, ...trigger.theta, 9).subarray(1, 5);
  expect(triggerText({ ...trigger, theta })).toEqual(triggerText(trigger));
});

test.each([
  ["of an unknown family", { family: "smoke" }, "family smoke"],
  ["without parameters", { theta: "" }, "found 0 bytes"],
  ["with half a number", { theta: Buffer.alloc(6).toString("base64") }, "found 6 bytes"],
  ["with NaN", { theta: Buffer.from(Float32Array.of(Number.NaN).buffer).toString("base64") }, "finite"],
])("a trigger %s is refused", async (_, change, words) => {
  const error = await errorOf(() => triggerOfText({ ...triggerText(trigger), ...change }));
  expect(error.code).toBe("E_RESULT");
  expect(error.message).toContain(words);
});
