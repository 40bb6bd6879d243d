import fc from "fast-check";
import { expect, test } from "vitest";
import { readCsv } from "../../src/data/csv.ts";
import { errorOf } from "../support/errors.ts";

const cells = (content: string): (readonly string[])[] => readCsv("t.csv", content).map((row) => row.cells);

test.each([
  [
    "plain cells",
    "a,b\n1,2\n",
    [
      ["a", "b"],
      ["1", "2"],
    ],
  ],
  [
    "no line end at the end",
    "a,b\n1,2",
    [
      ["a", "b"],
      ["1", "2"],
    ],
  ],
  [
    "line ends of Windows",
    "a,b\r\n1,2\r\n",
    [
      ["a", "b"],
      ["1", "2"],
    ],
  ],
  [
    "line ends of old Macs",
    "a,b\r1,2\r",
    [
      ["a", "b"],
      ["1", "2"],
    ],
  ],
  ["a byte order mark", "\ufeffa,b\n", [["a", "b"]]],
  ["commas and quotes in quotes", '"a,b","say ""hi"""\n', [["a,b", 'say "hi"']]],
  ["a line end in quotes", '"a\nb",c\n', [["a\nb", "c"]]],
  ["spaces around cells", " a ,\tb\n", [["a", "b"]]],
  ["spaces in quotes", '" a ",b\n', [[" a ", "b"]]],
  ["empty cells", "a,,b,\n", [["a", "", "b", ""]]],
  ["an empty cell at the very end", "a,", [["a", ""]]],
  ["empty lines", "\n\na\n\n\nb\n\n", [["a"], ["b"]]],
  ["nothing", "", []],
])("a table may have %s", (_, content, expected) => {
  expect(cells(content)).toEqual(expected);
});

test("what is written with quotes is read back, whatever the cells hold", () => {
  const cell = fc.string({ unit: fc.constantFrom("a", '"', ",", "\n", "\r", " ", "\ufeff", "é") });
  const row = fc
    .array(cell, { minLength: 1, maxLength: 4 })
    .filter((row) => row.some((value) => value !== ""));
  const quoted = (value: string): string => `"${value.replaceAll('"', '""')}"`;
  fc.assert(
    fc.property(fc.array(row, { maxLength: 5 }), (rows) => {
      const content = rows.map((row) => `${row.map(quoted).join(",")}\r\n`).join("");
      expect(cells(content)).toEqual(rows);
    }),
  );
});

test("rows know their lines, also after cells of several lines", () => {
  const rows = readCsv("t.csv", 'a\n\n"b\r\nb\nb",c\nd\n');
  expect(rows.map(({ line }) => line)).toEqual([1, 3, 6]);
});

test.each([
  ['a\n"b,c\n', 2],
  ['a"b\n', 1],
  ['"a"b\n', 1],
])("%j has a quote that does not fit", async (content, line) => {
  const error = await errorOf(() => readCsv("t.csv", content));
  expect(error).toMatchObject({ code: "E_LABELS", message: expect.stringContaining(`t.csv line ${line}: `) });
});
