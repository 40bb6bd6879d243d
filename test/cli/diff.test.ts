/** Comparisons on the command line. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import type { ResultDiff } from "../../src/report/diff.ts";
import type { ScanResult } from "../../src/report/result.ts";
import { type CliRun, newFolder, runCli } from "../support/cli.ts";
import { repairReportOf } from "../support/repair-report.ts";
import { contrastResultOf } from "../support/result.ts";

let home: string;
const diff = (...args: string[]): Promise<CliRun> => runCli(["diff", ...args], { cwd: home });

beforeAll(() => {
  home = newFolder();
  const write = (name: string, content: unknown): void =>
    writeFileSync(join(home, name), typeof content === "string" ? content : JSON.stringify(content));
  const base = contrastResultOf();
  const changed = (name: string, changes: Partial<ScanResult>): void => write(name, { ...base, ...changes });
  changed("a.json", {});
  changed("seed.json", { seed: 1 });
  changed("model.json", { model: { ...base.model, sha256: "aa".repeat(32) } });
  changed("benign.json", { verdict: "benign", warnings: [] });
  changed("method.json", { method: "paper" });
  changed("newer-minor.json", { schemaVersion: "1.99", more: [1] } as Partial<ScanResult>);
  changed("newer-major.json", { schemaVersion: "2.0" });
  // As PowerShell writes it.
  write("mark.json", `\ufeff${JSON.stringify(base)}`);
  write("repair.json", repairReportOf());
  write("text.json", "not JSON");
  write("other.json", { verdict: "benign" });
  mkdirSync(join(home, "folder"));
});

test.each([
  ["a.json", "a.json", 0, "Comparable: the same scan of the same model."],
  ["a.json", "mark.json", 0, "Comparable: the same scan of the same model."],
  ["a.json", "newer-minor.json", 0, "The verdict is the same: backdoored."],
  ["a.json", "seed.json", 0, "another seed: 0 -> 1"],
  ["a.json", "model.json", 0, "Comparable in part: two models"],
  ["a.json", "benign.json", 1, "The verdict changed: backdoored -> benign."],
  ["benign.json", "a.json", 1, "The verdict changed: benign -> backdoored."],
  ["a.json", "method.json", 3, "Not comparable: these are not the same scan"],
])("%s beside %s exits with %d and says so", async (before, after, code, words) => {
  const run = await diff(before, after);
  expect(run).toMatchObject({ code, stderr: "" });
  expect(run.stdout).toContain(`${before} -> ${after}`);
  expect(run.stdout).toContain(words);
});

test.each([
  ["a missing file", ["a.json", "none.json"], "E_FILE", "none.json"],
  ["a folder", ["folder", "a.json"], "E_FILE", "folder"],
  ["text", ["a.json", "text.json"], "E_RESULT", "text.json is not JSON"],
  [
    "something else",
    ["other.json", "a.json"],
    "E_RESULT",
    "other.json: found something else than a scan result",
  ],
  ["a repair", ["a.json", "repair.json"], "E_RESULT", "repair.json: found the report of a repair, expected"],
  [
    "a newer result",
    ["newer-major.json", "a.json"],
    "E_RESULT",
    "newer-major.json: found a scan result of schema version 2.0",
  ],
  ["an unknown format", ["a.json", "seed.json", "--format", "sarif"], "E_USAGE", "table, json"],
  [
    "a file of an unknown format",
    ["a.json", "seed.json", "--output", "x.sarif"],
    "E_USAGE",
    "a file of format sarif",
  ],
  [
    "two formats for stdout",
    ["a.json", "seed.json", "--format", "json,table"],
    "E_USAGE",
    "expected one for stdout",
  ],
])("%s exits with 4", async (_, args, code, words) => {
  const run = await diff(...args);
  expect(run).toMatchObject({ code: 4, stdout: "" });
  expect(run.stderr).toContain(`[${code}]`);
  expect(run.stderr).toContain(words);
  expect(run.stderr).not.toMatch(/^\s+at /m);
});

test("one result alone is wrong usage", async () => {
  expect(await diff("a.json")).toMatchObject({ code: 4, stdout: "" });
});

test("output that cannot be written exits with 2", async () => {
  expect(await diff("a.json", "seed.json", "--output", join("a.json", "x"))).toMatchObject({
    code: 2,
    stdout: "",
  });
});

test("JSON goes to stdout, or to a file", async () => {
  const { stdout, code } = await diff("a.json", "benign.json", "--format", "json");
  expect(code).toBe(1);
  const found = JSON.parse(stdout) as ResultDiff;
  expect(found).toMatchObject({
    schemaVersion: "1.0",
    before: { path: "a.json" },
    comparison: { kind: "repeat" },
    verdict: { before: "backdoored", after: "benign", isChanged: true },
    intervalsOverlap: true,
    warnings: { added: [], removed: ["found 60 images"] },
  });
  const file = await diff("a.json", "benign.json", "--format", "json", "--output", "out.json");
  expect(file).toMatchObject({ code: 1, stdout: "", stderr: "result: out.json\n" });
  expect(JSON.parse(readFileSync(join(home, "out.json"), "utf8"))).toEqual(found);
});

test("a folder takes all formats", async () => {
  const formats = ["--format", "table", "--format", "markdown", "--format", "html"];
  const run = await diff("a.json", "seed.json", ...formats, "--output", "out");
  expect(run.code).toBe(0);
  expect(run.stdout).toContain("another seed");
  expect(readdirSync(join(home, "out")).sort()).toEqual(["diff.html", "diff.json", "diff.md"]);
  expect(readFileSync(join(home, "out", "diff.md"), "utf8")).toContain("**Comparable: the same scan");
  expect(readFileSync(join(home, "out", "diff.html"), "utf8")).toContain("<!doctype html>");
  expect(existsSync(join(home, "out", "result.json"))).toBe(false);
});
