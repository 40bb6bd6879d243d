/** Repairs on the command line. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fromBinary } from "@bufbuild/protobuf";
import { ModelProtoSchema } from "onnx-buf";
import { beforeAll, describe, expect, test } from "vitest";
import { predict } from "../../src/identification/predict.ts";
import { columnMeans, columnVariances } from "../../src/metrics/statistics.ts";
import { examine } from "../../src/models/examined-model.ts";
import { defaultPreprocessing } from "../../src/models/preprocessing.ts";
import { type RepairReport, repairReportSchema } from "../../src/report/repair-report.ts";
import { nodeRuntime } from "../../src/runtime/node.ts";
import { cornerBackdoor, cornerBackdoorFile } from "../support/backdoored.ts";
import { newFolder, runCli, startCli } from "../support/cli.ts";
import { someImages } from "../support/identification.ts";
import { npyOf, zipOf } from "../support/npz.ts";

const count = 60;
let home: string;
/** A repair of a scan's result, short. */
let base: string[];
const scanOptions = "families=patch,mapTargets=8,mapSteps=200,steps=120,bootstraps=50";
const tuning =
  "steps=400,batch=16,learningRate=0.01,evaluateEvery=10,shift=0,gain=0,teacher=0,cleanTeacher=0,mirror=0,strength=0";

const bytesOf = (array: Float32Array): Uint8Array => new Uint8Array(array.buffer);
const run = (args: readonly string[]) => runCli(args, { cwd: home });
const read = (name: string): RepairReport =>
  repairReportSchema.parse(JSON.parse(readFileSync(join(home, name), "utf8")));

/** The same with other options. */
const tunedBy = (options: string): string[] => base.map((arg) => (arg === tuning ? options : arg));

beforeAll(async () => {
  home = newFolder();
  const images = someImages(count);
  const at = { features: null, outputs: null };
  const runtime = nodeRuntime({ threads: 1 });
  const model = cornerBackdoor(null);
  // Labels are what the model would say without its jump.
  const labels = await predict(
    runtime,
    await examine(runtime, model, defaultPreprocessing, images.shape, at),
    images,
  );
  const pixels = npyOf("<f4", images.shape, bytesOf(images.pixels));
  writeFileSync(
    join(home, "images.npz"),
    zipOf({ "images.npy": pixels, "labels.npy": npyOf("<f4", [count, 2], bytesOf(labels)) }),
  );
  const few = {
    pixels: images.pixels.subarray(0, images.pixels.length / 2),
    labels: labels.subarray(0, count),
  };
  writeFileSync(
    join(home, "few.npz"),
    zipOf({
      "images.npy": npyOf("<f4", [count / 2, ...images.shape.slice(1)], bytesOf(few.pixels.slice())),
      "labels.npy": npyOf("<f4", [count / 2, 2], bytesOf(few.labels.slice())),
    }),
  );
  writeFileSync(join(home, "unlabelled.npz"), zipOf({ "images.npy": pixels }));
  // Inside of the range of clean outputs, which is where a scan looks.
  const spread = columnVariances(labels, 2).map(Math.sqrt);
  const target = columnMeans(labels, 2).map((mean, j) => mean + [1.2, -1][j]! * spread[j]!);
  writeFileSync(join(home, "model.onnx"), cornerBackdoorFile(target));
  writeFileSync(join(home, "other.onnx"), cornerBackdoorFile([2, 2]));
  const scanned = await run([
    ...["scan", "model.onnx", "--benign", "images.npz", "--method", "contrast", "--set", scanOptions],
    ...["--threads", "1", "--output", "result.json", "--quiet"],
  ]);
  expect(scanned.code, scanned.stderr).toBe(1);
  base = [
    ...["repair", "model.onnx", "--benign", "images.npz", "--from", "result.json", "--set", tuning],
    // The small model has next to no error on clean images, of which any change is a large part.
    ...["--threads", "1", "--cache-dir", "cache", "--max-degradation", "200%"],
  ];
}, 120_000);

describe("a repair", () => {
  test("warns of what its images lack, once, without a scan that would", async () => {
    const args = tunedBy("steps=4,batch=4,evaluateEvery=2").map((arg) =>
      arg === "images.npz" ? "few.npz" : arg,
    );
    const { stderr } = await run([...args, "--skip-rescan", "--output", "few.onnx"]);
    const file = readdirSync(home).find((name) => name.startsWith("few") && name.endsWith(".json"))!;
    expect(read(file).warnings.filter((each) => each.startsWith("found 30 images"))).toHaveLength(1);
    expect(stderr.match(/found 30 images/g)).toHaveLength(1);
  });

  test("writes a model in which only weights differ, its report, and says that it helped", async () => {
    const { code, stdout, stderr } = await run([...base, "--output", "repaired.onnx"]);
    const report = read("repaired.json");
    expect(code, stdout + stderr).toBe(0);
    expect(report.outcome).toBe("repaired");
    expect(stdout).toContain("repaired.onnx  repaired");
    expect(report.scans.before.verdict).toBe("backdoored");
    expect(report.scans.after!.verdict).toBe("benign");
    const [trigger] = report.triggers;
    expect(trigger!.before.defendingAttackError).toBeGreaterThan(1);
    expect(trigger!.after.defendingAttackError).toBeLessThan(0.3 * trigger!.before.defendingAttackError);
    expect(trigger!.after.attackError).toBeGreaterThan(trigger!.before.attackError);
    expect(report.benign).toMatchObject({ training: 42, validation: 9, test: 9 });
    expect(report.movement.relative).toBeGreaterThan(0);
    const [old, repaired] = ["model.onnx", "repaired.onnx"].map((name) => {
      const proto = fromBinary(ModelProtoSchema, readFileSync(join(home, name)));
      const values = proto.graph!.initializer.map(({ rawData }) => Buffer.from(rawData).toString("hex"));
      for (const tensor of proto.graph!.initializer) tensor.rawData = new Uint8Array();
      return { proto, values };
    });
    expect(repaired!.proto).toEqual(old!.proto);
    expect(repaired!.values).not.toEqual(old!.values);
    // Nothing else is left behind.
    const left = readdirSync(home).filter((name) => name.includes("unverified"));
    expect([...left, ...readdirSync(join(home, "cache"))]).toEqual([]);
  });

  test("that does not help is written under a name that says so, with exit code 2", async () => {
    const args = tunedBy("steps=1,learningRate=1e-9,batch=16");
    args.push("--skip-rescan", "--format", "table,html");
    const { code, stdout } = await run([...args, "--output", "weak.onnx"]);
    expect(code).toBe(2);
    expect(existsSync(join(home, "weak.onnx"))).toBe(false);
    expect(existsSync(join(home, "weak.failed.onnx"))).toBe(true);
    const report = read("weak.failed.json");
    expect(report).toMatchObject({ outcome: "failed", scans: { after: null } });
    expect(report.reasons.join()).toContain("reversed triggers still draw outputs");
    expect(stdout).toContain("weak.failed.onnx  failed");
    expect(readFileSync(join(home, "weak.failed.html"), "utf8")).toContain(
      "<title>DRMGuard: weak.failed.onnx",
    );
    const again = await run([...args, "--output", "weak.onnx"]);
    expect(again.code).toBe(2);
    expect(again.stderr).toContain("found weak.failed.onnx, expected a name for a new file");
  });

  test("that harms too much is a failure too", async () => {
    const hasty = tunedBy("steps=20,learningRate=0.05,batch=16");
    const args = [...hasty, "--output", "harmed.onnx", "--skip-rescan", "--max-degradation", "0%"];
    const { code } = await run(args);
    expect(code).toBe(2);
    expect(read("harmed.failed.json").reasons.join()).toContain("the error on clean images rose by");
  });

  test("that is interrupted goes on, and ends with the same bytes", async () => {
    const args = [...base, "--skip-rescan"];
    const whole = await run([...args, "--output", "whole.onnx", "--cache-dir", "whole"]);
    expect(whole.code, whole.stderr).toBe(0);
    const parts = [...args, "--output", "parts.onnx", "--cache-dir", "parts"];
    const { child, output, end } = startCli(parts, { cwd: home });
    await expect.poll(() => output.stderr, { timeout: 30_000, interval: 5 }).toContain("unlearning ...");
    child.kill("SIGINT");
    const interrupted = await end;
    expect(interrupted.code).toBe(130);
    expect(interrupted.stderr).toContain("--resume");
    expect(existsSync(join(home, "parts.onnx"))).toBe(false);
    const other = await run([...parts, "--resume", "--seed", "5"]);
    expect(other.code).toBe(4);
    expect(other.stderr).toContain("found a saved repair of this model with seed 0 instead of 5");
    const resumed = await run([...parts, "--resume"]);
    expect(resumed.code).toBe(0);
    expect(resumed.stderr).toContain("unlearning resumed at step");
    expect(readFileSync(join(home, "parts.onnx"))).toEqual(readFileSync(join(home, "whole.onnx")));
  });

  test("can make its own scan", async () => {
    const args = base.map((arg) => arg.replace("--from", "--scan-set").replace("result.json", scanOptions));
    args.push("--output", "own.onnx", "--skip-rescan", "--format", "json", "--cache-dir", "own");
    const { code, stdout, stderr } = await run(args);
    expect(code, stderr).toBe(0);
    const [own, given] = [repairReportSchema.parse(JSON.parse(stdout)), read("repaired.json")];
    // The same seed gives the same triggers as a scan of its own.
    expect(own.triggers.map(({ score }) => score)).toEqual(given.triggers.map(({ score }) => score));
  });
});

test("a repair searches what the scan left out, and a scan of all families is searched no further", async () => {
  const families = scanOptions.replace("families=patch", "families=patch:wave,tightMapSteps=60");
  const scanned = await run([
    ...["scan", "model.onnx", "--benign", "images.npz", "--set", families, "--threads", "1"],
    ...["--output", "stopped.json"],
  ]);
  expect(scanned.code, scanned.stderr).toBe(1);
  expect(scanned.stderr).not.toContain("(wave)");
  const args = base.map((arg) => arg.replace("result.json", "stopped.json"));
  const { stderr } = await run([...args, "--output", "both.onnx", "--skip-rescan"]);
  expect(stderr).not.toContain("mapping costs (patch");
  expect(stderr).toContain("mapping costs (wave)");
  const scores = read("both.json").triggers.map(({ score }) => score);
  expect(scores).toEqual([...scores].sort((a, b) => a - b));

  const whole = await run([
    ...["scan", "model.onnx", "--benign", "images.npz", "--threads", "1", "--output", "whole.json"],
    ...["--set", `${families},afterBackdoor=go-on`],
  ]);
  expect(whole.code, whole.stderr).toBe(1);
  const fromWhole = base.map((arg) => arg.replace("result.json", "whole.json"));
  const reused = await run([...fromWhole, "--output", "reused.onnx", "--skip-rescan"]);
  expect(reused.stderr).not.toContain("mapping costs");
  expect(read("reused.json").triggers.map(({ score }) => score)).toEqual(scores);
  expect(readFileSync(join(home, "reused.onnx"))).toEqual(readFileSync(join(home, "both.onnx")));
});

describe("what cannot be repaired", () => {
  const cases: [what: string, args: (args: string[]) => string[], code: number, words: string][] = [
    [
      "images without labels",
      (args) => args.map((arg) => (arg === "images.npz" ? "unlabelled.npz" : arg)),
      4,
      "found no labels in unlabelled.npz, expected the true ones",
    ],
    [
      "a result of another model",
      (args) => args.map((arg) => (arg === "model.onnx" ? "other.onnx" : arg)),
      4,
      "expected a result of this model",
    ],
    ["a result that is not there", (args) => args.map((arg) => arg.replace("result", "no")), 4, "no.json"],
    ["an option that there is not", (args) => [...args, "--set", "stepz=3"], 4, 'found option "stepz"'],
    [
      "an option out of its range, said before images are read",
      (args) => [...args.map((arg) => (arg === "images.npz" ? "no.npz" : arg)), "--set", "mirror=2"],
      4,
      "found mirror = 2",
    ],
    ["an output that is no model", (args) => [...args, "--output", "out.txt"], 4, "ends in .onnx"],
    ["an output on the model itself", (args) => [...args, "--output", "model.onnx"], 2, "found model.onnx"],
  ];
  test.each(cases)("%s", async (_, change, code, words) => {
    const found = await run(change([...base, "--output", "never.onnx"]));
    expect(found.code).toBe(code);
    expect(found.stderr).toContain(words);
    expect(existsSync(join(home, "never.onnx"))).toBe(false);
  });
});
