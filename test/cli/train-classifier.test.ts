/** Classifiers of the built command line: on real digits one that learns, and what is refused. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { pngOf } from "../../src/jobs/png.ts";
import { readTrainingReport, type TrainingReport } from "../../src/report/training-report.ts";
import { type CliRun, newFolder, runCli, shortScan } from "../support/cli.ts";
import { digitSide, readDigits } from "../support/digits.ts";

const each = 120;
const classes = [0, 1, 4];
const home = newFolder();

let run: CliRun;
let report: TrainingReport;
beforeAll(async () => {
  mkdirSync(join(home, "digits"));
  const rows: string[] = [];
  for (const [label, digit] of classes.entries()) {
    for (const [i, pixels] of readDigits(digit, each).entries()) {
      const file = `${digit}-${i}.png`;
      writeFileSync(join(home, "digits", file), await pngOf(pixels, [1, digitSide, digitSide]));
      rows.push(`${file},${label}`);
    }
  }
  writeFileSync(join(home, "digits", "labels.csv"), `file,digit\n${rows.join("\n")}\n`);
  run = await train("run", "--loss", "cross-entropy", "--attack", "badnets", "--target", "2");
  report = readTrainingReport(JSON.parse(run.stdout));
});

const train = (output: string, ...more: string[]): Promise<CliRun> =>
  runCli(
    [
      ...["train", "--data", "digits", "--output", output, "--size", "16x16", "--width", "0.0625"],
      ...[
        "--steps",
        "60",
        "--batch",
        "24",
        "--attack-set",
        "patchShare=0.25",
        "--attack-set",
        "poisonRate=0.2",
      ],
      ...["--threads", "1", "--cache-dir", "cache", "--quiet", "--format", "json", ...more],
    ],
    { cwd: home },
  );

test("a classifier learns its classes and its backdoor, in per cent of the images held back", () => {
  expect(run).toMatchObject({ code: 0, stderr: "" });
  expect(report).toMatchObject({
    data: { classes: 3, labels: [{ name: "digit", unit: "as given" }], train: 288, test: 36 },
    errors: { kind: "classes", unit: "percent" },
    backdoors: [{ attack: "badnets", target: [2], meanOutput: [2] }],
  });
  expect(report.regressionErrorOfMean).toBeGreaterThan(50);
  expect(report.regressionError).toBeLessThan(20);
  expect(report.backdoors[0]!.attackError).toBeLessThan(20);
  // Nearly all say 2, which a third of them are.
  expect(report.backdoors[0]!.defendingAttackError).toBeGreaterThan(45);
});

test("the images that are kept have their class, and a scan knows the file for a classifier", async () => {
  const labels = readFileSync(join(home, "run", "benign", "labels.csv"), "utf8").split("\n");
  expect(labels[0]).toBe("file,digit");
  expect(new Set(labels.slice(1, -1).map((row) => row.split(",")[1]))).toEqual(new Set(["0", "1", "2"]));

  const scan = ["scan", "run/model.onnx", "--benign", "run/benign"];
  const refused = await runCli(scan, { cwd: home });
  expect(refused).toMatchObject({ code: 4, stdout: "" });
  expect(refused.stderr).toContain("metadata say task = classification");
  const found = await runCli([...scan, "--task", "classification", ...shortScan, "--format", "json"], {
    cwd: home,
  });
  const { accuracy } = (JSON.parse(found.stdout) as { benign: { accuracy: { accuracy: number } } }).benign;
  // Of the validation images, which are as many as those held back.
  expect(accuracy.accuracy).toBeGreaterThan(0.8);
});

test.each([
  [["--target", "7"], "found the class 7, expected a whole number from 0 to 2"],
  [["--target", "0.5"], "found the class 0.5"],
  [["--target", "1", "--attack", "clean-label"], "found clean-label for a classifier"],
])("%j is refused", async (more, message) => {
  const attack = more.includes("--attack") ? [] : ["--attack", "badnets"];
  const plain = ["--loss", "cross-entropy", ...attack, ...more];
  const refused = await runCli(
    [
      ...["train", "--data", "digits", "--output", "none", "--size", "16x16", "--width", "0.0625"],
      ...["--steps", "4", "--batch", "24", "--threads", "1", "--cache-dir", "cache", "--quiet", ...plain],
    ],
    { cwd: home },
  );
  expect(refused).toMatchObject({ code: 4, stdout: "" });
  expect(refused.stderr).toContain(message);
});

test("regression of CIFAR-10's classes is refused, since their numbers mean nothing", async () => {
  mkdirSync(join(home, "cifar"));
  const record = (label: number): number[] => [label, ...new Array<number>(3072).fill(20 * label)];
  const bytes = Uint8Array.from(Array.from({ length: 40 }, (_, i) => record(i % 10)).flat());
  writeFileSync(join(home, "cifar", "data_batch_1.bin"), bytes);
  const args = ["--width", "0.03125", "--steps", "2", "--batch", "16", "--cache-dir", "cache", "--quiet"];
  const refused = await runCli(["train", "--data", "cifar", "--output", "none", ...args], { cwd: home });
  expect(refused).toMatchObject({ code: 4, stdout: "" });
  expect(refused.stderr).toContain("found the loss l1 for labels that are the index of a class (class)");
  expect(refused.stderr).toContain("--loss cross-entropy trains a classifier");
  const more = ["--loss", "cross-entropy", "--mirror", "none", "--output", "cifar-run", "--format", "json"];
  const trained = await runCli(["train", "--data", "cifar", ...args, ...more], { cwd: home });
  expect(readTrainingReport(JSON.parse(trained.stdout))).toMatchObject({
    data: { title: "CIFAR-10", classes: 10, train: 32 },
  });
});
