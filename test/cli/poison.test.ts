import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { type CliRun, newFolder, runCli, writeImages } from "../support/cli.ts";
import { bytesOf, rowsOfCsv, smallTraining, trainingImages } from "../support/training.ts";

let home: string;
const train = (output: string, ...more: string[]): Promise<CliRun> =>
  runCli(["train", "--data", "images", "--output", output, ...smallTraining, "--target", "0,0", ...more], {
    cwd: home,
  });

beforeAll(async () => {
  home = newFolder();
  await trainingImages(join(home, "images"));
  await writeImages(join(home, "eight"), { count: 2, size: 8 });
  writeFileSync(join(home, "file"), "");
  await train("first", "--attack", "badnets", "--attack-set", "patchShare=0.25");
});

test("poison puts the saved trigger on images: the corner is red, all else and the labels stay", async () => {
  const args = [
    "poison",
    "--trigger",
    "first/trigger-1.trigger",
    "--images",
    "first/benign",
    "--threads",
    "1",
  ];
  const run = await runCli([...args, "--output", "poisoned", "--quiet"], { cwd: home });
  expect(run).toMatchObject({ code: 0, stderr: "" });
  const labels = rowsOfCsv(join(home, "first/benign"), "labels.csv");
  expect(rowsOfCsv(join(home, "poisoned"), "labels.csv")).toEqual(labels);
  let change = 0;
  for (const [name] of labels) {
    const [clean, poisoned] = await Promise.all(
      ["first/benign", "poisoned"].map((folder) => bytesOf(join(home, folder, name!))),
    );
    poisoned!.forEach((byte, k) => {
      const [c, x, y] = [k % 3, Math.floor(k / 3) % 16, Math.floor(k / 48)];
      const expected = x >= 12 && y >= 12 ? (c === 0 ? 255 : 0) : clean![k];
      if (byte !== expected) throw new Error(`${name}: channel ${c}, row ${y}, column ${x}`);
      change += Math.abs(byte - clean![k]!) / (8 * 768);
    });
  }
  expect(run.stdout).toBe(
    `8 images with the badnets trigger are in poisoned (mean change of a value: ${change.toPrecision(3)} of 255)\n`,
  );
  const again = await runCli([...args, "--output", "poisoned"], { cwd: home });
  expect(again.code).toBe(2);
  expect(again.stderr).toContain("expected an empty folder [E_WRITE]");
});

test("an input-aware trigger is put on images by its networks", async () => {
  await train("aware", "--attack", "input-aware", "--attack-set", "baseChannels=2,mask.steps=2");
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

test("a trigger, images and a folder are asked for", async () => {
  const run = await runCli(["poison", "--images", "images"], { cwd: home });
  expect(run).toMatchObject({ code: 4, stdout: "" });
  expect(run.stderr).toContain("expected --trigger FILE, --images PATH and --output FOLDER [E_USAGE]");
});

test("triggers that are none, and images that do not fit, are refused, and nothing is left", async () => {
  const whole = readFileSync(join(home, "first", "trigger-1.trigger"));
  writeFileSync(join(home, "cut.trigger"), whole.subarray(0, 60));
  writeFileSync(join(home, "text.trigger"), "not a trigger\n{}\n");
  writeFileSync(join(home, "other.trigger"), 'drmguard checkpoint 1\n{"json":{"kind":"rain"},"arrays":[]}\n');
  const poison = (trigger: string, ...more: string[]): Promise<CliRun> =>
    runCli(["poison", "--trigger", trigger, "--images", "images", "--output", "refused", ...more], {
      cwd: home,
    });
  const trigger = "first/trigger-1.trigger";
  for (const [args, code, exit, ...says] of [
    [["none.trigger"], "E_FILE", 4, "none.trigger: there is no such file"],
    [["cut.trigger"], "E_FILE", 4, "cut.trigger is of another format or cut off"],
    [["text.trigger"], "E_FILE", 4, "text.trigger is of another format"],
    [["other.trigger"], "E_FILE", 4, "found rain that is not whole"],
    [[trigger, "--images", "none"], "E_FILE", 4, "none"],
    [[trigger, "--images", "eight"], "E_IMAGES", 4, "8x8", "16x16", "--size"],
    [[trigger, "--output", "file"], "E_WRITE", 2, "a file, not a folder"],
  ] as [[string, ...string[]], string, number, ...string[]][]) {
    const run = await poison(...args);
    expect(run.stderr).toContain(`[${code}]`);
    for (const text of says) expect(run.stderr).toContain(text);
    expect(run).toMatchObject({ code: exit, stdout: "" });
    expect(run.stderr).not.toMatch(/^\s+at |delete it/m);
    expect(existsSync(join(home, "refused"))).toBe(false);
  }
  const resized = await poison(trigger, "--images", "eight", "--size", "16");
  expect(resized.code).toBe(0);
});
