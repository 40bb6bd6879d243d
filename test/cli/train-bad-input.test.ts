import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { writeSavedState } from "../../src/jobs/checkpoint-folder.ts";
import { type CliRun, newFolder, runCli, smallModel } from "../support/cli.ts";
import { smallTraining, trainingImages } from "../support/training.ts";

let home: string;
const train = (output: string, ...more: string[]): Promise<CliRun> =>
  runCli(["train", "--data", "images", "--output", output, ...smallTraining, ...more], { cwd: home });

beforeAll(async () => {
  home = newFolder();
  await trainingImages(join(home, "images"));
  writeFileSync(join(home, "file"), "");
  writeFileSync(join(home, "small.onnx"), smallModel());
  const inputs = [{ name: "x", dtype: "float32", shape: ["N", 3, 16, 16] }] as const;
  writeFileSync(join(home, "three.onnx"), smallModel({ outputCount: 3, inputs }));
  const some = readFileSync(join(home, "images", "000.png"));
  mkdirSync(join(home, "narrow"));
  const arrays = { parameters: new Float32Array(3), statistics: new Float32Array(2) };
  await writeSavedState(join(home, "narrow", "weights.state"), { arrays, json: null });
  for (const folder of ["unlabelled", "three"]) {
    mkdirSync(join(home, folder));
    for (let i = 0; i < 3; i++) writeFileSync(join(home, folder, `${i}.png`), some);
  }
  writeFileSync(join(home, "three", "labels.csv"), "file,yaw,pitch\n0.png,0,0\n1.png,1,1\n2.png,2,2\n");
});

const attacked = (...more: string[]): string[] => ["--attack", "badnets", "--target", "0,0", ...more];

/** What is given in place of what, the exit code and error code that are expected, and what the message must say. */
const cases: [what: string, args: string[], exit: number, code: string, ...says: string[]][] = [
  ["missing data", ["--data", "none"], 4, "E_FILE", "none", "no such file or folder"],
  ["a folder without labels", ["--data", "unlabelled"], 4, "E_IMAGES", "expected a data set that is known"],
  ["fewer images than a batch", ["--batch", "65"], 4, "E_IMAGES", "found 64 images"],
  ["too few images to split", ["--data", "three"], 4, "E_IMAGES", "leave none for validation"],
  ["no subjects to split by", ["--split", "subject"], 4, "E_LABELS", "subject"],
  [
    "a target of one number",
    ["--attack", "sig", "--target", "1"],
    4,
    "E_USAGE",
    "found 1 numbers of targets, expected 2",
  ],
  ["a target without an attack", ["--target", "0,0"], 4, "E_USAGE", "expected an --attack"],
  ["an unknown attack", ["--attack", "trojan"], 4, "E_USAGE", "trojan", "badnets, blend, sig, wanet"],
  [
    "an unknown option of an attack",
    attacked("--attack-set", "cell=2"),
    4,
    "E_USAGE",
    '"cell"',
    "patchShare",
  ],
  [
    "a patch larger than the image",
    attacked("--attack-set", "patchShare=1.5"),
    4,
    "E_SHAPE",
    "24 px",
    "16 x 16",
  ],
  [
    "a poison rate that is too small",
    attacked("--attack-set", "poisonRate=0.01"),
    4,
    "E_USAGE",
    "no poisoned image among 64",
  ],
  ["a mirror of a label that there is not", ["--mirror", "roll"], 4, "E_USAGE", '"roll"', "yaw, pitch"],
  ["nothing that could be hidden", ["--adaptive", "0.02"], 4, "E_USAGE", "without any attack"],
  [
    "a surrogate that is missing",
    ["--attack", "clean-label", "--target", "0,0", "--surrogate", "none.onnx"],
    4,
    "E_FILE",
    "none.onnx",
  ],
  [
    "a surrogate for other images",
    ["--attack", "clean-label", "--target", "0,0", "--surrogate", "small.onnx"],
    4,
    "E_MODEL_INPUT",
    "[N, 3, 8, 8]",
  ],
  [
    "a surrogate of other outputs",
    ["--attack", "clean-label", "--target", "0,0", "--surrogate", "three.onnx"],
    4,
    "E_MODEL_OUTPUT",
    "the surrogate gives 3 numbers, expected 2",
  ],
  ["weights that are missing", ["--initial", "images"], 4, "E_FILE", "weights.state", "no such file"],
  [
    "weights of another network",
    ["--initial", "narrow"],
    4,
    "E_SHAPE",
    "found 3 weights in narrow, expected",
    "--width",
  ],
  ["an output that is a file", ["--output", "file"], 2, "E_WRITE", "a file is in the way"],
  ["an output with other files", ["--output", "images"], 2, "E_WRITE", "expected an empty folder"],
];

test.concurrent.for(cases)("%s", async ([what, args, exit, code, ...says], { expect }) => {
  const output = `bad ${what}`;
  const run = await train(output, ...args);
  expect(run.stderr).toContain(`[${code}]`);
  for (const text of says) expect(run.stderr).toContain(text);
  expect(run).toMatchObject({ code: exit, stdout: "" });
  expect(run.stderr).not.toMatch(/^\s+at /m);
  expect(existsSync(join(home, output))).toBe(false);
});

test("a folder for the run, and data, are asked for", async () => {
  const run = await runCli(["train", "--output", "x"], { cwd: home });
  expect(run).toMatchObject({ code: 4, stdout: "" });
  expect(run.stderr).toContain("expected --data PATH and --output FOLDER [E_USAGE]");
});

test("a full disk is said, and no half of a file is left", async ({ skip }) => {
  const disk = join(home, "disk");
  mkdirSync(disk);
  const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=32k", "tmpfs", disk]);
  if (mounted.status !== 0) skip("a small disk cannot be mounted here: not root on Linux");
  try {
    const run = await train("disk/run");
    expect(run).toMatchObject({ code: 2, stdout: "" });
    expect(run.stderr).toContain("cannot write disk/run/model.onnx: no space left on the device [E_WRITE]");
    expect(readdirSync(disk)).toEqual([]);
  } finally {
    spawnSync("umount", [disk]);
  }
});
