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
import { schemaProblems } from "../support/sarif.ts";

const json = { format: "json", path: join("out", "result.json") };
const html = { format: "html", path: join("out", "report.html") };
const sarif = { format: "sarif", path: join("out", "result.sarif") };
const markdown = { format: "markdown", path: join("out", "report.md") };

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
  [["sarif"], null, { stdout: ["sarif"], files: [] }],
  [["table", "sarif", "markdown"], "out", { stdout: ["table"], files: [json, sarif, markdown] }],
  [null, "a.sarif", { stdout: ["table"], files: [{ format: "sarif", path: "a.sarif" }] }],
  [["sarif"], "a.sarif.json", { stdout: [], files: [{ format: "sarif", path: "a.sarif.json" }] }],
  [["markdown"], "README.md", { stdout: [], files: [{ format: "markdown", path: "README.md" }] }],
  [["table", "html"], "b/a.html", { stdout: ["table"], files: [{ format: "html", path: "b/a.html" }] }],
] as [Format[] | null, string | null, OutputPlan][])("formats %j to %j", (formats, output, plan) => {
  expect(planOutput(formats, output)).toEqual(plan);
});

test.each([
  [["table", "json"], null, "found formats table, json, expected one for stdout"],
  [["html"], "a.json", "found format html for a.json, expected json"],
  [["json", "html"], "a.html", "found format json for a.html, expected html"],
  [["json"], "a.sarif.json", "found format json for a.sarif.json, expected sarif"],
] as [Format[], string | null, string][])("formats %j to %j do not fit", async (formats, output, message) => {
  const error = await errorOf(() => planOutput(formats, output));
  expect(error).toMatchObject({ code: "E_USAGE", message, hint: expect.stringContaining("--output FOLDER") });
});

test("a report that has no such format says which it has", async () => {
  const names = { json: "repair.json", markdown: "repair.md" };
  expect(planOutput(["markdown"], "out", names).files.map(({ path }) => path)).toEqual([
    join("out", "repair.json"),
    join("out", "repair.md"),
  ]);
  const expected = "expected one of table, json, markdown";
  expect(await errorOf(() => planOutput(["table", "sarif"], "out", names))).toMatchObject({
    code: "E_USAGE",
    message: `found format sarif, ${expected}`,
  });
  expect(await errorOf(() => planOutput(null, "a.html", names))).toMatchObject({
    code: "E_USAGE",
    message: `found a.html, a file of format html, ${expected}`,
  });
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
  await writeResult(resultOf(), planOutput(["html", "sarif", "markdown"], output), (line) =>
    lines.push(line),
  );
  expect(readdirSync(output).sort()).toEqual(["report.html", "report.md", "result.json", "result.sarif"]);
  const read = (name: string): string => readFileSync(join(output, name), "utf8");
  expect(readResult(JSON.parse(read("result.json")))).toEqual(resultOf());
  expect(read("report.html")).toContain("<!doctype html>");
  expect(read("report.md")).toContain("## Backdoor scan");
  expect(schemaProblems(JSON.parse(read("result.sarif")))).toEqual([]);
  expect(lines).toEqual([
    `result: ${join(output, "result.json")}`,
    ...["report.html", "result.sarif", "report.md"].map((name) => `report: ${join(output, name)}`),
  ]);
});
