/** Scans with references by the built command line. */
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { verdictExitCodes } from "../../src/cli/exit-codes.ts";
import { readResult } from "../../src/report/read-result.ts";
import { cornerBackdoorFile } from "../support/backdoored.ts";
import { newFolder, runCli, shortScan, smallModel, writeImages } from "../support/cli.ts";

let home: string;
let base: string[];
beforeAll(async () => {
  home = newFolder();
  writeFileSync(join(home, "model.onnx"), smallModel());
  for (const seed of [20, 30, 40])
    writeFileSync(join(home, `good-${seed}.onnx`), cornerBackdoorFile(null, 2, seed));
  writeFileSync(join(home, "wide.onnx"), cornerBackdoorFile(null, 3));
  await writeImages(join(home, "images"), { labels: false });
  base = ["scan", "model.onnx", "--benign", "images", ...shortScan, "--format", "json"];
});
const good = ["good-20.onnx", "good-30.onnx", "good-40.onnx"];

test("references come after one flag or several, and from a config file; the second scan takes their scores from the cache", async () => {
  const cache = ["--cache-dir", "cache"];
  const first = await runCli([...base, ...cache, "--reference", ...good], { cwd: home });
  const result = readResult(JSON.parse(first.stdout));
  expect(first.code).toBe(verdictExitCodes[result.verdict]);
  expect(result.calibration!.references.map(({ path }) => path)).toEqual(good);
  expect(first.stderr).toContain("reference 1 of 3, good-20.onnx: reverse engineering");
  expect(first.stderr).toContain("the model: reverse engineering");
  expect(readdirSync(join(home, "cache")).filter((name) => name.startsWith("reference-"))).toHaveLength(3);

  const repeated = good.flatMap((path) => ["--reference", path]);
  const second = await runCli([...base, ...cache, ...repeated], { cwd: home });
  expect(second.stderr).toMatch(/reference 3 of 3, good-40.onnx: score [\d.]+ taken from the cache/);
  expect(second.stderr).not.toContain("good-20.onnx: reverse engineering");
  const again = readResult(JSON.parse(second.stdout));
  expect([again.score, again.threshold, again.calibration]).toEqual([
    result.score,
    result.threshold,
    result.calibration,
  ]);

  writeFileSync(join(home, "settings.json"), JSON.stringify({ reference: good }));
  const third = await runCli([...base, ...cache, "--config", "settings.json"], { cwd: home });
  expect(readResult(JSON.parse(third.stdout)).calibration).toEqual(result.calibration);
});

test.each([
  [["good-20.onnx", "good-30.onnx"], "E_USAGE", "found 2 references, expected at least 3"],
  [
    [...good, "wide.onnx"],
    "E_REFERENCE",
    "reference wide.onnx: it has 3 outputs, expected 2 as the model has",
  ],
  [[...good, "model.onnx"], "E_REFERENCE", "the same file as the model model.onnx"],
  [[...good, "none.onnx"], "E_FILE", "reference none.onnx: cannot read the model none.onnx"],
])("%j is refused with %s", async (given, code, message) => {
  const run = await runCli([...base, "--cache-dir", "unused", "--reference", ...given], { cwd: home });
  expect(run).toMatchObject({ code: 4, stdout: "" });
  expect(run.stderr).toContain(message);
  expect(run.stderr).toContain(`[${code}]`);
  expect(existsSync(join(home, "unused"))).toBe(false);
});

test("a method that does not decide by a threshold is refused", async () => {
  const args = [
    ...["scan", "model.onnx", "--benign", "images"],
    "--method",
    "neural-cleanse",
    "--cache-dir",
    "nc",
  ];
  const run = await runCli([...args, "--reference", ...good], { cwd: home });
  expect(run.code).toBe(4);
  expect(run.stderr).toContain("found the method neural-cleanse");
});
