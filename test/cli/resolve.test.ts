import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { flagOf, parseTexts, readConfigFile, resolveTexts, variableOf } from "../../src/cli/resolve.ts";
import { parseInteger, parseSwitch, parseText } from "../../src/cli/settings.ts";
import { errorOf } from "../support/errors.ts";

const table = {
  seed: { flags: "--seed <n>", help: "", parse: parseInteger(0), fallback: "0" },
  timeBudget: { flags: "--time-budget <t>", help: "", parse: parseText },
  resume: { flags: "--resume", help: "", parse: parseSwitch, isSwitch: true },
  set: { flags: "--set <x>", help: "", parse: parseText, isRepeatable: true },
  config: { flags: "--config <f>", help: "", parse: parseText, isFlagOnly: true },
} as const;

const resolved = (
  flags: Parameters<typeof resolveTexts>[1],
  environment: Record<string, string> = {},
  file: Record<string, string> = {},
) => resolveTexts(table, flags, environment, file, "my.json");

test("names of flags and variables follow from the setting's", () => {
  expect([flagOf("timeBudget"), variableOf("timeBudget")]).toEqual(["--time-budget", "DRMGUARD_TIME_BUDGET"]);
  expect([flagOf("seed"), variableOf("seed")]).toEqual(["--seed", "DRMGUARD_SEED"]);
});

test("a flag goes before a variable, a variable before the file, the file before the default", () => {
  const variable = { DRMGUARD_SEED: "2" };
  const file = { seed: "1" };
  expect(resolved({ seed: "3" }, variable, file).get("seed")).toEqual({ text: "3", source: "--seed" });
  expect(resolved({}, variable, file).get("seed")).toEqual({ text: "2", source: "DRMGUARD_SEED" });
  expect(resolved({}, { DRMGUARD_SEED: "" }, file).get("seed")).toEqual({
    text: "1",
    source: '"seed" in my.json',
  });
  expect(resolved({}).get("seed")).toEqual({ text: "0", source: "default" });
  expect(resolved({}).has("timeBudget")).toBe(false);
});

test("switches and repeated flags become texts", () => {
  const texts = resolved({ resume: true, set: ["a=1", "b=2,c=3"] });
  expect(texts.get("resume")!.text).toBe("true");
  expect(texts.get("set")!.text).toBe("a=1,b=2,c=3");
});

test("a setting for the command line alone is not read from elsewhere", () => {
  expect(resolved({}, { DRMGUARD_CONFIG: "a" }, { config: "b" }).has("config")).toBe(false);
  expect(resolved({ config: "c" }).get("config")!.text).toBe("c");
});

test("texts become values, and null where nothing is said", () => {
  expect(parseTexts(table, resolved({ seed: "7", resume: true }))).toEqual({
    seed: 7,
    timeBudget: null,
    resume: true,
    set: null,
    config: null,
  });
});

test.each([
  [{ seed: "x" }, {}, {}, "--seed"],
  [{}, { DRMGUARD_SEED: "x" }, {}, "DRMGUARD_SEED"],
  [{}, {}, { seed: "x" }, '"seed" in my.json'],
])(
  "a text that does not fit is refused with its source (%o %o %o)",
  async (flags, environment, file, source) => {
    const error = await errorOf(() => parseTexts(table, resolved(flags, environment, file)));
    expect(error).toMatchObject({
      code: "E_USAGE",
      message: `${source}: found "x", expected a whole number of at least 0`,
    });
  },
);

const folder = mkdtempSync(join(tmpdir(), "drmguard-config-"));
const known = new Set(["seed", "set", "mean", "resume"]);

function read(content: string): Record<string, string> {
  const path = join(folder, "config.json");
  writeFileSync(path, content);
  return readConfigFile(path, known);
}

test("numbers, lists, objects and switches of a config file are as on the command line", () => {
  const content = { $schema: "x", seed: 3, mean: [0.5, 1], set: { steps: 4, rule: "paper" }, resume: false };
  expect(read(JSON.stringify(content))).toEqual({
    seed: "3",
    mean: "0.5,1",
    set: "steps=4,rule=paper",
    resume: "false",
  });
  expect(read('{"seed": null}')).toEqual({});
});

test.each([
  ["{", "is not JSON"],
  ["[1]", "holds something else than an object of settings"],
  ["null", "holds something else than an object of settings"],
  ['{"sede": 1, "steps": 2}', "has unknown settings: sede, steps; expected some of mean, resume, seed, set"],
])("a config file of %j is refused", async (content, part) => {
  expect(await errorOf(() => read(content))).toMatchObject({
    code: "E_CONFIG",
    message: expect.stringContaining(part),
  });
});

test("a file that is named must be there", async () => {
  const path = join(folder, "none.json");
  expect(await errorOf(() => readConfigFile(path, known))).toMatchObject({
    code: "E_CONFIG",
    message: `cannot read the config file ${path}: there is no such file or folder`,
  });
});
