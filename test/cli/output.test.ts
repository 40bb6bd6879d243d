import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import {
  type Format,
  type OutputPlan,
  planOutput,
  prepareOutput,
  writeResult,
} from "../../src/cli/output.ts";
import { readResult } from "../../src/report/read-result.ts";
import { errorOf } from "../support/errors.ts";
import { resultOf } from "../support/result.ts";

const json = { format: "json", path: join("out", "result.json") };
const html = { format: "html", path: join("out", "report.html") };

test.each([
  [null, null, { stdout: ["table"], files: [] }],
  [["json"], null, { stdout: ["json"], files: [] }],
  [["html"], null, { stdout: ["html"], files: [] }],
  [null, "out", { stdout: ["table"], files: [json] }],
  [["json"], "out", { stdout: [], files: [json] }],
  [["html"], "out", { stdout: [], files: [json, html] }],
  [["table", "json", "html"], "out", { stdout: ["table"], files: [json, html] }],
  [null, "a.json", { stdout: ["table"], files: [{ format: "json", path: "a.json" }] }],
  [["json"], "a.JSON", { stdout: [], files: [{ format: "json", path: "a.JSON" }] }],
  [["html"], "a.htm", { stdout: [], files: [{ format: "html", path: "a.htm" }] }],
  [["table", "html"], "b/a.html", { stdout: ["table"], files: [{ format: "html", path: "b/a.html" }] }],
] as [Format[] | null, string | null, OutputPlan][])("formats %j to %j", (formats, output, plan) => {
  expect(planOutput(formats, output)).toEqual(plan);
});

test.each([
  [["table", "json"], null, "found formats table, json, expected one for stdout"],
  [["html"], "a.json", "found format html for a.json, expected json"],
  [["json", "html"], "a.html", "found format json for a.html, expected html"],
] as [Format[], string | null, string][])("formats %j to %j do not fit", async (formats, output, message) => {
  const error = await errorOf(() => planOutput(formats, output));
  expect(error).toMatchObject({ code: "E_USAGE", message, hint: expect.stringContaining("--output FOLDER") });
});

const newFolder = (): string => mkdtempSync(join(tmpdir(), "drmguard-output-"));

test("a folder is made before the work, and what is in the way is said", async () => {
  const folder = newFolder();
  const output = join(folder, "new", "deep");
  await prepareOutput(planOutput(null, output), output);
  expect(existsSync(output)).toBe(true);
  mkdirSync(join(folder, "a.json"));
  writeFileSync(join(folder, "file"), "");
  for (const taken of ["a.json", "file"]) {
    const path = join(folder, taken);
    expect((await errorOf(() => prepareOutput(planOutput(null, path), path))).code).toBe("E_WRITE");
  }
});

test("files hold the result, and where they are is said", async () => {
  const output = newFolder();
  const lines: string[] = [];
  await writeResult(resultOf(), planOutput(["json", "html"], output), (line) => lines.push(line));
  expect(readdirSync(output).sort()).toEqual(["report.html", "result.json"]);
  expect(readResult(JSON.parse(readFileSync(join(output, "result.json"), "utf8")))).toEqual(resultOf());
  expect(readFileSync(join(output, "report.html"), "utf8")).toContain("<!doctype html>");
  expect(lines).toEqual([`result: ${join(output, "result.json")}`, `report: ${join(output, "report.html")}`]);
});
