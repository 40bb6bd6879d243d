/** Models without a last dense layer, taken by their outputs alone. */
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { readResult } from "../../src/report/read-result.ts";
import { repeatCommand } from "../../src/report/repeat-command.ts";
import {
  newFolder,
  regressorNodes,
  runCli,
  shortContrast,
  shortScan,
  smallModel,
  writeImages,
} from "../support/cli.ts";
import { all, expectSoundPage } from "../support/pages.ts";

let home: string;
beforeAll(async () => {
  home = newFolder();
  writeFileSync(
    join(home, "no-head.onnx"),
    smallModel({ nodes: regressorNodes.slice(0, -1), outputs: ["h"] }),
  );
  await writeImages(join(home, "images"));
  // Of two numbers an image, where this model gives six.
  rmSync(join(home, "images", "labels.csv"));
});

test("a check says that there is none, and passes where none is wanted", async () => {
  const refused = await runCli(["check", "no-head.onnx"], { cwd: home });
  expect(refused.code).toBe(4);
  expect(refused.stdout).toContain("--features none");
  const passed = await runCli(["check", "no-head.onnx", "--features", "none"], { cwd: home });
  expect(passed.code).toBe(0);
  expect(passed.stdout).toContain("by its outputs alone");
});

test("a scan by contrast has a verdict, no angles, and a command that repeats it", async () => {
  const args = ["scan", "no-head.onnx", "--benign", "images", ...shortContrast, "--features", "none"];
  const run = await runCli([...args, "--format", "html", "--format", "table", "--output", "out"], {
    cwd: home,
  });
  const result = readResult(JSON.parse(readFileSync(join(home, "out", "result.json"), "utf8")));
  expect(run.code).toBe({ benign: 0, backdoored: 1, inconclusive: 3 }[result.verdict]);
  expect(result.model.features).toEqual([]);
  expect(result.collapse.coneRatio).toBeNull();
  expect(result.collapse.outputVarianceRatio).toBeGreaterThan(0);
  expect(result.responses!.angles.clean.every((row) => row.length === 0)).toBe(true);
  expect(run.stdout).toMatch(/angle variance ratio\s+not measured/);
  expect(repeatCommand(result)).toContain("--features none");
  const page = expectSoundPage(readFileSync(join(home, "out", "report.html"), "utf8"));
  expect(all(page, "figure").length).toBeGreaterThan(0);
  expect(readFileSync(join(home, "out", "report.html"), "utf8")).not.toContain("Angles of features");
});

test.each([
  ["paper", shortScan],
  ["feature-re", ["--method", "feature-re"]],
])("the method %s is refused, since it needs features", async (_, method) => {
  const run = await runCli(["scan", "no-head.onnx", "--benign", "images", ...method, "--features", "none"], {
    cwd: home,
  });
  expect(run.code).toBe(4);
  expect(run.stderr).toContain("[E_NO_DENSE_HEAD");
  expect(run.stderr).toContain("--method contrast");
});
