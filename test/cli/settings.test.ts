import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  parseBytes,
  parseChoice,
  parseChoices,
  parseDuration,
  parseInteger,
  parseList,
  parseNumber,
  parseNumbers,
  parseSize,
  parseSwitch,
  parseText,
} from "../../src/cli/settings.ts";
import { errorOf } from "../support/errors.ts";

const channels = parseChoice("rgb", "bgr");
/** More digits than a number has room for. */
const many = "9".repeat(400);

describe("what is taken", () => {
  test.each([
    ["text", parseText, " a b ", " a b "],
    ["choice", channels, "BGR", "bgr"],
    ["choices", parseChoices("table", "json"), "json, table,json", ["json", "table"]],
    ["list", parseList, "a, b ,c", ["a", "b", "c"]],
    ["integer", parseInteger(0), "0", 0],
    ["integer", parseInteger(1, 8), " 8 ", 8],
    ["integer", parseInteger(-3), "-3", -3],
    ["number", parseNumber(false), "-2.5e-3", -0.0025],
    ["positive number", parseNumber(true), "255", 255],
    ["numbers", parseNumbers(false), "0.485, 0.456,-1", [0.485, 0.456, -1]],
    ["switch", parseSwitch, "True", true],
    ["switch", parseSwitch, "false", false],
    ["size", parseSize, "224", [224, 224]],
    ["size", parseSize, "224x160", [224, 160]],
    ["size", parseSize, " 224 × 160 ", [224, 160]],
    ["size", parseSize, "36X60", [36, 60]],
    ["duration", parseDuration, "90", 90],
    ["duration", parseDuration, "90s", 90],
    ["duration", parseDuration, "1.5m", 90],
    ["duration", parseDuration, "2 h", 7200],
    ["bytes", parseBytes, "4GB", 4e9],
    ["bytes", parseBytes, "800 mb", 8e8],
    ["bytes", parseBytes, "1.5KB", 1500],
  ] as [string, (text: string) => unknown, string, unknown][])("%s %o of %j", (_, parse, text, value) => {
    expect(parse(text)).toEqual(value);
  });
});

describe("what is not", () => {
  test.each([
    [parseText, "some text", ["", "  "]],
    [channels, "one of rgb, bgr", ["", "gbr", "rgb,bgr"]],
    [parseChoices("table", "json"), "", ["", "json,", "json;table"]],
    [parseList, "some text", ["", "a,,b", "a,"]],
    [parseInteger(1, 8), "a whole number from 1 to 8", ["", "0", "9", "1.5", "NaN", "two", "1 2"]],
    [parseInteger(0), "a whole number of at least 0", ["-1", "Infinity", "9007199254740993"]],
    [parseNumber(false), "a number", ["", " ", "Infinity", "NaN", "1,5", "0.5px"]],
    [parseNumber(true), "a positive number", ["0", "-1"]],
    [parseNumbers(true), "a positive number", ["1,0", "0.2,-1"]],
    [parseSwitch, "one of true, false", ["", "yes", "1"]],
    [parseSize, "a size in pixels", ["", "0", "224x0", "x224", "224x", "-224", "2.5x2", "1x2x3", many]],
    [parseDuration, "a time such as", ["", "0", "0s", "-1s", "1d", "s", "1h30m", "1e3", many]],
    [
      parseBytes,
      "an amount of memory",
      ["", "4", "0GB", "-1GB", "4GiB", "GB", "0.0001KB", `${many}GB`, "99999999999GB"],
    ],
  ] as [(text: string) => unknown, string, string[]][])("%o expects %s", async (parse, expected, texts) => {
    for (const text of texts) {
      expect(await errorOf(() => parse(text)), text).toMatchObject({
        code: "E_USAGE",
        message: expect.stringContaining(`, expected ${expected}`),
      });
    }
  });
});

test("whatever is typed, a parser gives a sound value or an E_USAGE", () => {
  const text = fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom(..."0123456789.,-+exXsmhGMKB ") }));
  const isSound: [(text: string) => unknown, (value: never) => boolean][] = [
    [parseInteger(0, 100), (value: number) => Number.isInteger(value) && value >= 0 && value <= 100],
    [parseNumber(true), (value: number) => value > 0 && Number.isFinite(value)],
    [parseNumbers(false), (values: number[]) => values.length > 0 && values.every(Number.isFinite)],
    [parseSize, ([h, w]: [number, number]) => Number.isInteger(h) && Number.isInteger(w) && h > 0 && w > 0],
    [parseDuration, (seconds: number) => seconds > 0 && Number.isFinite(seconds)],
    [parseBytes, (bytes: number) => bytes > 0 && Number.isSafeInteger(bytes)],
  ];
  for (const [parse, check] of isSound) {
    fc.assert(
      fc.property(text, (input) => {
        try {
          expect(check(parse(input) as never)).toBe(true);
        } catch (error) {
          expect((error as { code?: string }).code).toBe("E_USAGE");
        }
      }),
    );
  }
});
