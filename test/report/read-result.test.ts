import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { readResult } from "../../src/report/read-result.ts";
import { resultJsonSchema } from "../../src/report/result.ts";
import { errorOf } from "../support/errors.ts";
import { contrastResultOf, resultOf } from "../support/result.ts";

test("a result that was written is read back", () => {
  for (const result of [resultOf(), contrastResultOf()]) {
    expect(readResult(JSON.parse(JSON.stringify(result)))).toEqual(result);
  }
});

test("a result of a later version that only adds is read", () => {
  expect(readResult({ ...resultOf(), schemaVersion: "1.7", more: 1 }).schemaVersion).toBe("1.7");
});

test.each(["2.0", "0.9", "10.0"])("a result of schema version %s is refused", async (schemaVersion) => {
  expect(await errorOf(() => readResult({ ...resultOf(), schemaVersion }))).toMatchObject({
    code: "E_RESULT",
    message: `found a scan result of schema version ${schemaVersion}, expected 1.9`,
  });
});

test.each([
  ["score", { score: "0.01" }],
  ["score", { score: Number.NaN }],
  ["verdict", { verdict: "clean" }],
  ["schemaVersion", { schemaVersion: 1 }],
  ["createdAt", { createdAt: "yesterday" }],
  ["reasons", { reasons: undefined }],
  [
    "terms[1].values.loss",
    {
      terms: [
        { step: 0, values: {} },
        { step: 1, values: { loss: null } },
      ],
    },
  ],
  ["evidence[0].clean", { evidence: [{ ...resultOf().evidence[0], clean: 7 }] }],
])("a broken %s is named", async (field, change) => {
  const error = await errorOf(() => readResult({ ...resultOf(), ...change }));
  expect(error).toMatchObject({ code: "E_RESULT", message: expect.stringContaining(`at ${field}`) });
});

test("a file that is something else says so by its first fields", async () => {
  const { message } = await errorOf(() => readResult({ method: 1 }));
  expect(message.match(/ at /g)).toHaveLength(5);
  expect(message).toMatch(/; and \d+ more$/);
});

test("every broken field is named in one message", async () => {
  const error = await errorOf(() => readResult({ ...resultOf(), score: "x", seed: 0.5, warnings: 1 }));
  for (const field of ["score", "seed", "warnings"]) expect(error.message).toContain(`at ${field}`);
});

test.each([null, 7, "text", [], {}])("%j is no result", async (value) => {
  expect(await errorOf(() => readResult(value))).toMatchObject({
    code: "E_RESULT",
    message: expect.stringContaining("found something else than a scan result"),
  });
});

test("the published schema is that of the program (npm run generate writes it)", () => {
  const published = readFileSync(new URL("../../docs/result.schema.json", import.meta.url), "utf8");
  expect(JSON.parse(published)).toEqual(JSON.parse(JSON.stringify(resultJsonSchema())));
});
