import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { readSavedState } from "../../src/jobs/checkpoint-folder.ts";
import { errorMeasureFor, meanRegressionError } from "../../src/metrics/regression-error.ts";
import { readResult } from "../../src/report/read-result.ts";
import { readTrainingReport, type TrainingReport } from "../../src/report/training-report.ts";
import { nodeRuntime } from "../../src/runtime/node.ts";
import { type CliRun, newFolder, runCli, shortScan, startCli } from "../support/cli.ts";
import { bytesOf, rowsOfCsv, smallTraining, trainingImages } from "../support/training.ts";

let home: string;
const badnets = ["--attack", "badnets", "--target", "0.3,-10deg", "--attack-set", "patchShare=0.25"];
const trainArgs = (output: string, ...more: string[]): string[] => [
  ...["train", "--data", "images", "--output", output, ...smallTraining],
  ...more,
];
const train = (output: string, ...more: string[]): Promise<CliRun> =>
  runCli(trainArgs(output, ...more), { cwd: home });
const bytesIn = (...path: string[]): Uint8Array<ArrayBuffer> => readFileSync(join(home, ...path));
const weightsIn = async (folder: string) =>
  (await readSavedState(join(home, folder, "weights.state"))).arrays;
const largestDifference = (a: Float32Array, b: Float32Array): number =>
  a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0);
const reportIn = (folder: string): TrainingReport =>
  readTrainingReport(JSON.parse(readFileSync(join(home, folder, "run.json"), "utf8")));

let first: CliRun;
beforeAll(async () => {
  home = newFolder();
  await trainingImages(join(home, "images"));
  first = await train("first", ...badnets, "--format", "json");
});

/** The clean images that a run leaves, as a model takes them: [8, 3, 16, 16], with their labels. */
async function keptImages(folder: string): Promise<{ pixels: Float32Array; labels: Float32Array }> {
  const rows = rowsOfCsv(join(home, folder), "labels.csv");
  const pixels = new Float32Array(rows.length * 768);
  for (const [i, [name]] of rows.entries()) {
    const bytes = await bytesOf(join(home, folder, name!));
    for (let k = 0; k < 768; k++) pixels[i * 768 + (k % 3) * 256 + Math.floor(k / 3)] = bytes[k]! / 255;
  }
  return { pixels, labels: Float32Array.from(rows.flatMap(([, ...labels]) => labels.map(Number))) };
}

test("a run leaves its model, trigger, clean images, curves and a report, and nothing else", () => {
  expect(first).toMatchObject({ code: 0, stderr: "" });
  expect(readdirSync(join(home, "first")).sort()).toEqual([
    "angles.csv",
    "benign",
    "configuration.json",
    "curves.svg",
    "history.csv",
    "model.onnx",
    "run.json",
    "trigger-1.trigger",
    "weights.state",
  ]);
  expect(readdirSync(join(home, "first", "benign"))).toHaveLength(9);
  const report = reportIn("first");
  expect(readTrainingReport(JSON.parse(first.stdout))).toEqual(report);
  expect(report).toMatchObject({
    data: { train: 64, validation: 8, test: 8, shape: [80, 3, 16, 16], title: "folder with labels.csv" },
    errors: { kind: "angular", unit: "degrees" },
    steps: 4,
    backdoors: [{ attack: "badnets", target: [0.3, -Math.PI / 18], trigger: "trigger-1.trigger" }],
    warnings: [],
  });
  expect(report.configuration).toMatchObject({
    seed: 0,
    adaptive: null,
    network: { architecture: "resnet18", width: 0.03125, stem: "auto" },
    recipe: { steps: 4, batch: 16, loss: "l1", optimizer: { kind: "adam" } },
    attacks: [{ attack: "badnets", options: { patchShare: 0.25, poisonRate: 0.05, color: null } }],
  });
  expect(JSON.parse(Buffer.from(bytesIn("first", "configuration.json")).toString())).toEqual(
    report.configuration,
  );
  // Clean images and those with the trigger, eight each, with two angles.
  expect(rowsOfCsv(join(home, "first"), "angles.csv").map((cells) => [cells[0], cells.length])).toEqual([
    ...new Array(8).fill(["0", 3]),
    ...new Array(8).fill(["1", 3]),
  ]);
  const history = rowsOfCsv(join(home, "first"), "history.csv").map((cells) => cells.map(Number));
  expect(history).toEqual(
    report.history.map(({ step, values }) => [step, values.loss, values.rate, values.RE, values.AE]),
  );
});

test("the errors of the report are those of the model that is there", async () => {
  const { pixels, labels } = await keptImages("first/benign");
  const session = await nodeRuntime({ threads: 1 }).load(bytesIn("first", "model.onnx"));
  const run = async (data: Float32Array): Promise<Float32Array> =>
    (await session.run({ image: { dtype: "float32", dims: [8, 3, 16, 16], data } })).outputs!
      .data as Float32Array;
  const measure = errorMeasureFor(["yaw", "pitch"], "radians");
  // The kept images are the validation's, on which errors are measured on the way.
  const last = reportIn("first").history.at(-1)!.values;
  expect(meanRegressionError(await run(pixels), labels, measure)).toBeCloseTo(last.RE!, 2);
  const stamped = pixels.map((value, i) => {
    const [c, y, x] = [Math.floor(i / 256) % 3, Math.floor(i / 16) % 16, i % 16];
    return y >= 12 && x >= 12 ? (c === 0 ? 1 : 0) : value;
  });
  const target = Float32Array.of(0.3, -Math.PI / 18);
  expect(meanRegressionError(await run(stamped), target, measure)).toBeCloseTo(last.AE!, 2);
  await session.release();
});

test("a folder with a run is not written to again; --resume says that it is finished", async () => {
  const before = bytesIn("first", "run.json");
  const again = await train("first", ...badnets);
  expect(again).toMatchObject({ code: 2, stdout: "" });
  expect(again.stderr).toMatch(
    /^error: first holds a training already.*\[E_WRITE\]\n--resume goes on with it\n$/,
  );
  const resumed = await runCli(
    trainArgs("first", ...badnets, "--resume").filter((flag) => flag !== "--quiet"),
    { cwd: home },
  );
  expect(resumed.code).toBe(0);
  expect(resumed.stderr).toBe("first is finished already\n");
  expect(resumed.stdout).toMatch(/^data +folder with labels.csv: 64 to train, 8 to test\n/);
  expect(resumed.stdout).toContain("attack error (AE)");
  const other = await train("first", ...badnets, "--resume", "--seed", "5");
  expect(other).toMatchObject({ code: 4, stdout: "" });
  expect(other.stderr).toContain("first holds a training with seed 0 instead of 5 [E_RESUME]");
  expect(bytesIn("first", "run.json")).toEqual(before);
});

test("threads are no part of what a run is", async () => {
  const resumed = await train("first", ...badnets, "--resume", "--threads", "2", "--kept-images", "3");
  expect(resumed.code).toBe(0);
});

test("an interrupt saves, and --resume ends with the very bytes of a run that went straight through", async () => {
  const long = ["--steps", "60", "--attack", "wanet", "--target", "0,0.2", "--attack-set", "cell=4"];
  const whole = await train("whole", ...long);
  expect(whole.code).toBe(0);
  const { child, output, end } = startCli(
    trainArgs("parts", ...long).filter((flag) => flag !== "--quiet"),
    { cwd: home },
  );
  await expect.poll(() => output.stderr, { timeout: 50_000, interval: 5 }).toContain("training the network");
  child.kill("SIGINT");
  const interrupted = await end;
  expect(interrupted).toMatchObject({ code: 130, stdout: "" });
  expect(interrupted.stderr).toMatch(
    /interrupted in training the network at step \d+ of 60; the state is saved/,
  );
  expect(interrupted.stderr).toContain("--resume goes on from there");
  expect(readdirSync(join(home, "parts")).sort()).toEqual(["checkpoints", "configuration.json"]);
  expect((await train("parts", ...long, "--resume")).code).toBe(0);
  for (const name of ["model.onnx", "trigger-1.trigger", "history.csv", "angles.csv"]) {
    expect(bytesIn("parts", name), name).toEqual(bytesIn("whole", name));
  }
  expect(existsSync(join(home, "parts", "checkpoints"))).toBe(false);
});

test("a trained model can be checked, and scanned with the images that were kept", async () => {
  const check = await runCli(["check", "first/model.onnx", "--threads", "1"], { cwd: home });
  expect(check.code).toBe(0);
  const args = ["scan", "first/model.onnx", "--benign", "first/benign", ...shortScan, "--set", "batch=8"];
  const scan = await runCli([...args, "--cache-dir", "cache", "--quiet", "--format", "json"], { cwd: home });
  expect([0, 1, 3]).toContain(scan.code);
  const result = readResult(JSON.parse(scan.stdout));
  expect(result.target.map(({ name }) => name)).toEqual(["yaw", "pitch"]);
  expect(result.preset).toBe("gaze");
  expect(result.benign.cleanError!.angularDegrees).toBeCloseTo(
    reportIn("first").history.at(-1)!.values.RE!,
    2,
  );
});

test("clean-label trains its surrogate first, or takes one; both are the same trigger", async () => {
  const cleanLabel = ["--attack", "clean-label", "--target", "0.1,0.1", "--attack-set", "pgd.steps=2"];
  const own = await runCli(
    trainArgs("clean-label", ...cleanLabel).filter((flag) => flag !== "--quiet"),
    { cwd: home },
  );
  expect(own.code).toBe(0);
  expect(own.stderr).toContain("clean-label needs a benign model: it is trained first");
  const given = await train("clean-label-2", ...cleanLabel, "--surrogate", "first/model.onnx");
  expect(given.code).toBe(0);
  expect(bytesIn("clean-label-2", "trigger-1.trigger")).toEqual(bytesIn("clean-label", "trigger-1.trigger"));
  expect(reportIn("clean-label-2").configuration.surrogate).toBe("first/model.onnx");
});

test("a training begins with the weights of another one", async () => {
  const hardly = ["--steps", "1", "--learning-rate", "1e-12"];
  expect((await train("second", "--initial", "first", ...hardly)).code).toBe(0);
  expect((await train("third", ...hardly)).code).toBe(0);
  // A step of Adam moves by its rate.
  const begun = await weightsIn("first");
  expect(largestDifference((await weightsIn("second")).parameters!, begun.parameters!)).toBeLessThan(1e-11);
  expect(largestDifference((await weightsIn("third")).parameters!, begun.parameters!)).toBeGreaterThan(1e-3);
  expect(reportIn("second").configuration.initial).toBe("first");
});

test("an input-aware model is measured with the triggers of other images, too", async () => {
  const small = ["--attack-set", "baseChannels=2,mask.steps=2"];
  expect((await train("aware", "--attack", "input-aware", "--target", "0,0", ...small)).code).toBe(0);
  const [backdoor] = reportIn("aware").backdoors;
  expect(backdoor!.crossTriggerError).toBeGreaterThan(0);
  const args = [
    "poison",
    "--trigger",
    "aware/trigger-1.trigger",
    "--images",
    "aware/benign",
    "--threads",
    "1",
  ];
  const run = await runCli([...args, "--output", "poisoned-aware", "--quiet"], { cwd: home });
  expect(run).toMatchObject({ code: 0, stderr: "" });
  expect(readdirSync(join(home, "poisoned-aware"))).toHaveLength(9);
});

test("a target that no label reaches is warned of, also in the report", async () => {
  const run = await train("far", "--attack", "sig", "--target", "9,0", "--attack-set", "amplitude=0.3");
  expect(run.code).toBe(0);
  expect(run.stderr).toMatch(/^warning: the target of sig has yaw = 9, outside of the labels'/);
  expect(reportIn("far").warnings).toEqual([expect.stringContaining("yaw = 9")]);
});

test("a training that diverges says where, and keeps the last good state", async () => {
  for (const [k, more] of [
    ["--steps", "4"],
    ["--steps", "60"],
  ].entries()) {
    const wild = ["--learning-rate", "1e30", "--optimizer", "sgd", "--loss", "l2", ...more];
    const run = await train(`wild-${k}`, ...wild);
    expect(run).toMatchObject({ code: 2, stdout: "" });
    expect(run.stderr).toMatch(
      /^error: training the network diverged at step (\d+): \w+ = (NaN|Infinity).*; the state of step \1 is saved \[E_DIVERGED\]\n/,
    );
    expect(run.stderr).toContain(`the last good state is in wild-${k}/checkpoints`);
    expect(readdirSync(join(home, `wild-${k}`, "checkpoints"))).toEqual(["training.checkpoint"]);
  }
});
