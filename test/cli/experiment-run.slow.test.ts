/** Experiments of the built command line from end to end, on images and networks so small that they learn nothing. */
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { beforeAll, expect, test } from "vitest";
import type { ScanResult } from "../../src/report/result.ts";
import type { TrainingReport } from "../../src/report/training-report.ts";
import { type CliRun, newFolder, runCli, startCli, writeImages } from "../support/cli.ts";
import { rowsByColumn } from "../support/findings.ts";

const cwd = newFolder();
beforeAll(() => writeImages(join(cwd, "images"), { count: 200, size: 16 }));

const args = (name: string, ...more: string[]): string[] => [
  ...["experiment", name, "--profile", "smoke", "--gaze", "images", "--tasks", "gaze"],
  ...["--conditions", "badnets", "--cache-dir", "cache", "--output", "exp"],
  ...["--jobs", "1", "--threads", "1", ...more],
];
const experiment = (name: string, ...more: string[]): Promise<CliRun> => runCli(args(name, ...more), { cwd });

const filesIn = (name: string): string[] => readdirSync(join(cwd, "exp", name)).sort();
const timesIn = (name: string): Record<string, number> =>
  Object.fromEntries(filesIn(name).map((file) => [file, statSync(join(cwd, "exp", name, file)).mtimeMs]));
const resultsOf = (name: string): Record<string, unknown[]> =>
  (
    JSON.parse(readFileSync(join(cwd, "exp", "results", `${name}.json`), "utf8")) as {
      results: Record<string, unknown[]>;
    }
  ).results;
const reportOf = (condition: string): TrainingReport => {
  const folder = filesIn("models").find((name) => name.startsWith(`gaze-${condition}-1-`))!;
  return JSON.parse(readFileSync(join(cwd, "exp", "models", folder, "run.json"), "utf8")) as TrainingReport;
};

test("a table of scans that is killed goes on: what is there is shown, and not made again", async () => {
  const first = startCli(args("table2"), { cwd });
  await new Promise<void>((resolve) => {
    first.child.stderr!.on("data", () => {
      // By then the benign one has been scanned, and the scan of this one begins.
      if (first.output.stderr.includes("model gaze-badnets-1 is there")) resolve();
    });
    first.child.on("close", () => resolve());
  });
  first.child.kill("SIGKILL");
  expect((await first.end).code).toBeNull();
  expect(first.output.stderr).toContain("models              0 there     2 to make");
  // Its scan, where one was begun, notices that it is alone and ends: not while the next command clears up.
  await sleep(2000);

  // Half of it.
  const half = await experiment("table2", "--only-finished");
  expect(half.code).toBe(0);
  expect(rowsByColumn(half.stdout)).toEqual([
    expect.objectContaining({ attack: "all attacks", "backdoored + benign": "0 + 1" }),
  ]);
  expect(half.stdout).toContain("Not done yet, and left out: 1 scan.");
  const scans = timesIn("scans");
  const models = timesIn("models");
  expect(Object.keys(scans).filter((name) => name.endsWith(".json"))).toHaveLength(1);
  expect(Object.keys(models)).toHaveLength(2);

  // All of it.
  const whole = await experiment("table2");
  expect(whole.code).toBe(0);
  expect(whole.stderr).toContain("models              2 there     0 to make");
  expect(whole.stderr).toContain("scans               1 there     1 to make");
  expect(rowsByColumn(whole.stdout)).toEqual([
    expect.objectContaining({ attack: "BadNets", "backdoored + benign": "1 + 1" }),
  ]);
  expect(whole.stdout).not.toContain("Not done yet");
  const after = timesIn("scans");
  for (const name of Object.keys(scans).filter((each) => each.endsWith(".json"))) {
    expect(after[name]).toBe(scans[name]);
  }
  expect(timesIn("models")).toEqual(models);
  // Nothing of what was under way is left beside the two results.
  expect(Object.keys(after).filter((name) => !name.endsWith(".json"))).toEqual([]);
  expect(resultsOf("table2").models).toMatchObject([
    { name: "gaze-benign-1", method: "contrast", trueTargets: [], targetError: null },
    { name: "gaze-badnets-1", trueTargets: [reportOf("badnets").backdoors[0]!.meanOutput] },
  ]);

  // Again: the same, and nothing is made.
  const again = await experiment("table2");
  expect(again.stdout).toBe(whole.stdout);
  expect(again.stderr).not.toContain("is there (");
  expect(timesIn("scans")).toEqual(after);
});

test("repairs go by the scans that are there, and are measured by the true trigger on the images held back", async () => {
  const run = await experiment("table5");
  expect(run.code).toBe(0);
  // The scan, and that of all families that a repair goes by: the same one where it has left none out.
  expect(run.stderr).toContain("scans               2 there     0 to make");
  const [row] = resultsOf("table5").models as Record<string, Record<string, number>>[];
  const [benign, backdoored] = [reportOf("benign"), reportOf("badnets")];
  expect(row).toMatchObject({
    name: "gaze-badnets-1",
    before: {
      regressionError: backdoored.regressionError,
      attackError: backdoored.backdoors[0]!.attackError,
    },
  });
  // Measured anew, on the images on which the training measured it.
  expect(row!.benign!.regressionError).toBeCloseTo(benign.regressionError, 6);
  // A repaired model is another one.
  expect(row!.after!.regressionError).not.toBeCloseTo(backdoored.regressionError, 6);
  const [folder] = filesIn("repairs") as [string];
  expect(filesIn(join("repairs", folder)).filter((name) => name.endsWith(".onnx"))).toHaveLength(1);
  expect(filesIn(join("repairs", folder))).toContain("report.json");

  const again = await experiment("table5");
  expect(again.stdout).toBe(run.stdout);
  expect(again.stderr).not.toContain("is there (");
});

test("a figure of images shows them clean, with the true trigger, and with the reversed one", async () => {
  const run = await experiment("figure5");
  expect(run.code).toBe(0);
  const svg = readFileSync(join(cwd, "exp", "results", "figure5-gaze-contrast.svg"), "utf8");
  const images = [...svg.matchAll(/href="(data:image\/png;base64,[^"]+)"/g)].map(([, url]) => url);
  expect(images).toHaveLength(9);
  expect(new Set(images.slice(0, 6)).size).toBe(6);
  expect(svg).toMatch(/<title>gaze: benign images/);
});

test("classifiers are trained, scanned by Eq. 10 and shown, whatever tasks are chosen", async () => {
  await writeImages(join(cwd, "classes"), { count: 200, labels: false, size: 16 });
  const rows = Array.from({ length: 200 }, (_, i) => `${String(i).padStart(3, "0")}.png,${i % 3}`);
  writeFileSync(join(cwd, "classes", "labels.csv"), `file,class\n${rows.join("\n")}\n`);
  const run = await experiment("table17", "--classification", "classes");
  expect(run.code).toBe(0);
  const groups = rowsByColumn(run.stdout).filter((row) => "backdoored + benign" in row);
  expect(groups).toEqual([
    expect.objectContaining({
      attack: "BadNets",
      method: "paper",
      "backdoored + benign": "1 + 1",
      "paper's TP, FP, FN, TN": "7, 0, 3, 10",
    }),
    expect.objectContaining({ method: "paper, two-way" }),
  ]);
  const { models, measures } = resultsOf("table17") as Record<string, Record<string, unknown>[]>;
  expect(models!.map(({ name }) => name)).toEqual([
    ...["classification-benign-1", "classification-benign-1"],
    ...["classification-badnets-1", "classification-badnets-1"],
  ]);
  const folder = filesIn("models").find((name) => name.startsWith("classification-badnets-1-"))!;
  const report = JSON.parse(
    readFileSync(join(cwd, "exp", "models", folder, "run.json"), "utf8"),
  ) as TrainingReport;
  expect(report).toMatchObject({ data: { classes: 3 }, errors: { kind: "classes", unit: "percent" } });
  const [target, said] = [report.backdoors[0]!.target, report.backdoors[0]!.meanOutput];
  expect([0, 1, 2]).toContain(target[0]);
  expect(models![2]).toMatchObject({ trueTargets: [said] });
  expect([0, 100]).toContain(models![2]!.targetError);
  expect(measures).toMatchObject([
    { condition: "benign", attackSuccessRate: null },
    { condition: "badnets", accuracy: 100 - report.regressionError },
  ]);

  const figure = await experiment("figure6", "--classification", "classes");
  expect(figure.code).toBe(0);
  expect(figure.stderr).toContain("scans               1 there     0 to make");
  const svg = readFileSync(join(cwd, "exp", "results", "figure6.svg"), "utf8");
  expect(svg.match(/href="data:image\/png/g)).toHaveLength(8);
});

test("help has a line for each experiment", async () => {
  const { stdout } = await runCli(["experiment", "--help"]);
  for (const name of ["table2", "table16", "figure5", "table17"])
    expect(stdout).toMatch(new RegExp(`^  ${name} +\\w`, "m"));
});

test("nothing that is finished is an error of its own, and data are not asked for", async () => {
  const empty = newFolder();
  const run = await runCli(args("table2", "--only-finished"), { cwd: empty });
  expect(run).toMatchObject({ code: 4, stdout: "" });
  expect(run.stderr).toContain("found nothing of table2 that is finished");
});

test("scans with other options are made anew, beside those with the profile's, and the table says so", async () => {
  const before = filesIn("scans");
  const run = await experiment("table2", "--scan-set", "contrast.steps=6", "--scan-set", "paper.steps=2");
  expect(run.code).toBe(0);
  expect(run.stderr).toContain("scans               0 there     2 to make");
  expect(run.stdout).toContain("Scanned with --scan-set contrast.steps=6,paper.steps=2.");
  expect(filesIn("scans")).toEqual(expect.arrayContaining(before));
  const made = filesIn("scans").filter((name) => !before.includes(name) && name.endsWith(".json"));
  expect(made).toHaveLength(2);
  for (const name of made) {
    const result = JSON.parse(readFileSync(join(cwd, "exp", "scans", name), "utf8")) as ScanResult;
    expect(result.method).toBe("contrast");
    expect(result.options).toMatchObject({ steps: 6, mapSteps: 8 });
  }
});

test("models of another network are trained beside the profile's, and the table says so", async () => {
  const before = filesIn("models");
  const run = await experiment("table10", "--arch", "mobilenetv1", "--width", "0.125");
  expect(run.code).toBe(0);
  expect(run.stderr).toContain("models              0 there     1 to make");
  expect(run.stdout).toContain(
    "Networks have architecture mobilenetv1 and width 0.125 in place of the profile's.",
  );
  const made = filesIn("models").filter((name) => !before.includes(name));
  expect(made).toEqual([expect.stringMatching(/^gaze-mobilenetv1-0\.125-badnets-1-/)]);
  for (const name of made) {
    const report = JSON.parse(
      readFileSync(join(cwd, "exp", "models", name, "run.json"), "utf8"),
    ) as TrainingReport;
    expect(report.configuration.network).toMatchObject({ architecture: "mobilenetv1", width: 0.125 });
  }
  const same = await experiment("table10", "--arch", "resnet18");
  expect(same.stderr).toContain("models              1 there     0 to make");
});
