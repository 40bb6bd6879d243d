/** Scans of classifiers by the built command line. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { verdictExitCodes } from "../../src/cli/exit-codes.ts";
import { readResult } from "../../src/report/read-result.ts";
import { colourClassifierFile } from "../support/classifier.ts";
import { newFolder, runCli, shortScan, writeImages } from "../support/cli.ts";

let home: string;
beforeAll(async () => {
  home = newFolder();
  writeFileSync(join(home, "model.onnx"), colourClassifierFile(true, "Softmax"));
  await writeImages(join(home, "images"), { count: 30, labels: false });
  const rows = Array.from({ length: 30 }, (_, i) => `${String(i).padStart(3, "0")}.png,${i % 3}`);
  writeFileSync(join(home, "images", "labels.csv"), `file,class\n${rows.join("\n")}\n`);
});
const base = ["scan", "model.onnx", "--benign", "images", "--task", "classification"];

test("--task classification with the paper's method gives a class", async () => {
  const run = await runCli([...base, ...shortScan, "--format", "json"], { cwd: home });
  const result = readResult(JSON.parse(run.stdout));
  expect(run.code).toBe(verdictExitCodes[result.verdict]);
  expect(result).toMatchObject({ task: "classification", target: [{ name: "class" }] });
  expect(result.benign.accuracy!.accuracyOfCommonest).toBeCloseTo(1 / 3, 12);
});

test("a check is told what the outputs are, too", async () => {
  const refused = await runCli(["check", "model.onnx", "--quiet"], { cwd: home });
  expect(refused.code).toBe(4);
  expect(refused.stdout).toContain("E_CLASSIFIER");
  const told = await runCli(["check", "model.onnx", "--task", "classification", "--quiet"], { cwd: home });
  expect(told).toMatchObject({ code: 0, stderr: "" });
  expect(told.stdout).toContain("can be scanned");
});

test.each(["contrast", "neural-cleanse", "feature-re"])(
  "%s refuses it and says what does not",
  async (method) => {
    const run = await runCli([...base, "--method", method], { cwd: home });
    expect(run).toMatchObject({ code: 4, stdout: "" });
    expect(run.stderr).toContain(`found task classification for the method ${method}`);
    expect(run.stderr).toContain("--method paper");
  },
);
