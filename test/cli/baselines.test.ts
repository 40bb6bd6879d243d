/** Scans by the baseline methods with the built command line. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { verdictExitCodes } from "../../src/cli/exit-codes.ts";
import { readResult } from "../../src/report/read-result.ts";
import { newFolder, runCli, smallModel, writeImages } from "../support/cli.ts";

let home: string;
beforeAll(async () => {
  home = newFolder();
  writeFileSync(join(home, "model.onnx"), smallModel());
  await writeImages(join(home, "images"));
});

test.each([
  ["neural-cleanse", "steps=8,heldTargets=3,freeStarts=2,tolerance=3", "searching masks", "heldTargets", 3],
  [
    "feature-re",
    "steps=4,pretrainingSteps=4,generatorChannels=2,batch=20",
    "reverse engineering in feature space",
    "rule",
    "rank",
  ],
] as const)("%s gives a result of the same kind", async (method, set, phase, option, value) => {
  const args = [
    "scan",
    "model.onnx",
    "--benign",
    "images",
    "--method",
    method,
    "--set",
    set,
    "--threads",
    "1",
  ];
  const formats = ["--format", "table", "--format", "html", "--output", `${method}-out`];
  const run = await runCli([...args, ...formats, "--cache-dir", method], { cwd: home });
  const text = readFileSync(join(home, `${method}-out`, "result.json"), "utf8");
  const result = readResult(JSON.parse(text));
  expect(run.code).toBe(verdictExitCodes[result.verdict]);
  expect(run.stderr).toContain(phase);
  expect(result).toMatchObject({ method, preset: null });
  expect(result.options[option]).toBe(value);
  expect(run.stdout).toContain(`method ${method}`);
  expect(readFileSync(join(home, `${method}-out`, "report.html"), "utf8")).toContain(method);
  // A scan that came to its end leaves nothing behind but what other scans can use.
  expect(readdirSync(join(home, method)).filter((name) => name.startsWith("scan-"))).toEqual([]);
});

test("the options of each are listed with their values", async () => {
  const { stdout, code } = await runCli(["list"], { cwd: home });
  expect(code).toBe(0);
  expect(stdout).toMatch(/^heldTargets +10 +number$/m);
  expect(stdout).toMatch(/^rule +rank +rank \| threshold$/m);
  expect(stdout).toMatch(/^identification methods: paper, contrast, neural-cleanse, feature-re$/m);
});

test.each(["neural-cleanse", "feature-re"])(
  "%s refuses options that it does not have, and wrong ones",
  async (method) => {
    const args = ["scan", "model.onnx", "--benign", "images", "--method", method, "--set"];
    const [unknown, wrong] = await Promise.all(
      ["lambda1=3", "steps=0.5"].map((set) => runCli([...args, set], { cwd: home })),
    );
    expect([unknown!.code, wrong!.code]).toEqual([4, 4]);
    expect(unknown!.stderr).toContain('found option "lambda1"');
    expect(wrong!.stderr).toContain("found steps = 0.5, expected a whole number");
  },
);
