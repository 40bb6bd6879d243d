/** Formats of results on the command line. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import type { ScanResult } from "../../src/report/result.ts";
import { type CliRun, newFolder, runCli, shortContrast, smallModel, writeImages } from "../support/cli.ts";
import { repairReportOf } from "../support/repair-report.ts";
import { contrastResultOf } from "../support/result.ts";
import { githubProblems, type ReadLog, schemaProblems } from "../support/sarif.ts";

let home: string;
const run = (...args: string[]): Promise<CliRun> => runCli(args, { cwd: home });
const read = (name: string): string => readFileSync(join(home, name), "utf8");

beforeAll(async () => {
  home = newFolder();
  for (const folder of [".git", "models"]) mkdirSync(join(home, folder));
  writeFileSync(join(home, "models", "model.onnx"), smallModel());
  await writeImages(join(home, "images"), { count: 20 });
  for (const verdict of ["benign", "backdoored", "inconclusive"] as const) {
    const model = { ...contrastResultOf().model, path: "models/model.onnx" };
    writeFileSync(join(home, `${verdict}.json`), JSON.stringify(contrastResultOf({ verdict, model })));
  }
  writeFileSync(join(home, "repair.json"), JSON.stringify(repairReportOf()));
});

test("a scan writes SARIF and Markdown, from the folder of the model too", async () => {
  const args = [
    "scan",
    "model.onnx",
    "--benign",
    "../images",
    ...shortContrast,
    "--quiet",
    "--cache-dir",
    "../cache",
  ];
  const formats = ["--format", "sarif", "--format", "markdown", "--output", "../out"];
  const found = await runCli([...args, ...formats], { cwd: join(home, "models") });
  const result = JSON.parse(read("out/result.json")) as ScanResult;
  expect(readdirSync(join(home, "out")).sort()).toEqual(["report.md", "result.json", "result.sarif"]);
  const log = JSON.parse(read("out/result.sarif")) as ReadLog;
  expect([schemaProblems(log), githubProblems(log)]).toEqual([[], []]);
  const [only] = log.runs;
  expect(only).toMatchObject({
    automationDetails: { id: "drmguard/models/model.onnx/" },
    invocations: [{ exitCode: found.code, exitCodeDescription: result.verdict }],
    artifacts: [{ location: { uri: "models/model.onnx" }, hashes: { "sha-256": result.model.sha256 } }],
    properties: { verdict: result.verdict, score: result.score },
  });
  // Twenty images are few, which is a warning.
  expect(only!.results.some(({ ruleId, level }) => ruleId === "scan-warning" && level === "note")).toBe(true);
  expect(read("out/report.md")).toContain(`| model | SHA-256 \`${result.model.sha256}\``);
});

test.each([
  ["benign", 0, ["note"]],
  ["backdoored", 1, ["error", "note"]],
  ["inconclusive", 3, ["warning", "note"]],
] as const)("a %s result is drawn as SARIF that says exit code %d", async (verdict, exitCode, levels) => {
  const { stdout, code } = await run("report", `${verdict}.json`, "--format", "sarif");
  // Drawing worked, whatever the verdict.
  expect(code).toBe(0);
  const log = JSON.parse(stdout) as ReadLog;
  expect([schemaProblems(log), githubProblems(log)]).toEqual([[], []]);
  expect(log.runs[0]!.invocations).toMatchObject([{ exitCode, executionSuccessful: true }]);
  expect(log.runs[0]!.results.map(({ level }) => level)).toEqual(levels);
});

test("the ending of a file says its format", async () => {
  for (const name of ["card.md", "scan.sarif", "scan.sarif.json"]) {
    expect(await run("report", "benign.json", "--output", name)).toMatchObject({ code: 0 });
  }
  expect(read("card.md")).toContain("**Benign.**");
  for (const name of ["scan.sarif", "scan.sarif.json"])
    expect(schemaProblems(JSON.parse(read(name)))).toEqual([]);
});

test("the report of a repair is drawn again", async () => {
  const table = await run("report", "repair.json");
  expect(table).toMatchObject({ code: 0, stderr: "" });
  expect(table.stdout).toContain("repaired.onnx  repaired");
  const markdown = await run("report", "repair.json", "--format", "markdown");
  expect(markdown.stdout).toContain("**Repaired.**");
  expect(await run("report", "repair.json", "--format", "markdown", "--output", "again")).toMatchObject({
    code: 0,
  });
  expect(readdirSync(join(home, "again")).sort()).toEqual(["repair.json", "repair.md"]);
  expect(await run("report", "repair.json", "--output", "again.html")).toMatchObject({ code: 0 });
  expect(read("again.html")).toContain("<title>DRMGuard: repaired.onnx is repaired</title>");
  expect(JSON.parse(read("again/repair.json"))).toEqual(repairReportOf());
});

test.each([
  [
    "SARIF of a repair",
    ["repair.json", "--format", "sarif"],
    "E_USAGE",
    "found format sarif, expected one of table, json, html, markdown",
  ],
  [
    "a repair of a newer schema",
    ["newer.json"],
    "E_RESULT",
    "newer.json: found the report of a repair of schema version 2.0",
  ],
  ["a repair with a field missing", ["broken.json"], "E_RESULT", "at movement"],
  ["a missing file", ["none.json"], "E_FILE", "none.json"],
])("%s exits with 4", async (_, args, code, words) => {
  writeFileSync(join(home, "newer.json"), JSON.stringify({ ...repairReportOf(), schemaVersion: "2.0" }));
  writeFileSync(join(home, "broken.json"), JSON.stringify({ ...repairReportOf(), movement: undefined }));
  const found = await run("report", ...args);
  expect(found).toMatchObject({ code: 4, stdout: "" });
  expect(found.stderr).toContain(`[${code}]`);
  expect(found.stderr).toContain(words);
});

test("formats are named where they are looked for", async () => {
  for (const command of ["scan", "report"]) {
    expect((await run(command, "--help")).stdout.replaceAll(/\s+/g, " ")).toContain(
      "table, json, html, sarif, markdown",
    );
  }
  expect((await run("list")).stdout).toMatch(/^formats of results .*: table, json, html, sarif, markdown$/m);
});
