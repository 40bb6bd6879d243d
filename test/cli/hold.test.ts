/** Models with inputs beside the image, on the command line. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { predict } from "../../src/identification/predict.ts";
import { columnMeans, columnVariances } from "../../src/metrics/statistics.ts";
import { examine } from "../../src/models/examined-model.ts";
import { importModel } from "../../src/models/import.ts";
import { defaultPreprocessing } from "../../src/models/preprocessing.ts";
import { readModel, writeModel } from "../../src/onnx/proto.ts";
import { readResult } from "../../src/report/read-result.ts";
import { repeatCommand } from "../../src/report/repeat-command.ts";
import type { ScanResult } from "../../src/report/result.ts";
import { nodeRuntime } from "../../src/runtime/node.ts";
import { valuesFrom } from "../numeric/values.ts";
import { cornerBackdoorFile } from "../support/backdoored.ts";
import { type CliRun, newFolder, runCli } from "../support/cli.ts";
import { someImages } from "../support/identification.ts";
import { node } from "../support/models.ts";
import { npyOf, zipOf } from "../support/npz.ts";

const held = { pose: [0.1, -0.2], speed: [2] };
const hold = ["--hold", "speed=2", "--hold", "pose=0.1,-0.2"];
const count = 60;
const bytesOf = (array: Float32Array): Uint8Array => new Uint8Array(array.buffer);

let home: string;
const run = (...args: string[]): Promise<CliRun> => runCli(args, { cwd: home });
const resultIn = (name: string): ScanResult => readResult(JSON.parse(readFileSync(join(home, name), "utf8")));

/** The regressor with a backdoor in its corner, to whose features a pose and a speed add something. */
function posedBackdoor(target: readonly number[] | null): Uint8Array {
  const file = readModel(cornerBackdoorFile(target));
  const { nodes, inputs, initializers } = file.graph;
  const renamed = nodes.map((each) =>
    each.outputs.includes("h")
      ? { ...each, outputs: each.outputs.map((name) => (name === "h" ? "seen" : name)) }
      : each,
  );
  const at = renamed.findIndex(({ outputs }) => outputs.includes("seen")) + 1;
  const added = [
    node(["MatMul", ["pose", "pose.weight"], ["posed"]]),
    node(["MatMul", ["speed", "speed.weight"], ["moved"]]),
    node(["Add", ["seen", "posed"], ["seen and posed"]]),
    node(["Add", ["seen and posed", "moved"], ["h"]]),
  ];
  return writeModel({
    ...file,
    graph: {
      ...file.graph,
      inputs: [
        { name: "pose", dtype: "float32", shape: ["N", 2] },
        ...inputs,
        { name: "speed", dtype: "float32", shape: ["N", 1] },
      ],
      nodes: [...renamed.slice(0, at), ...added, ...renamed.slice(at)],
      initializers: new Map([
        ...initializers,
        ["pose.weight", valuesFrom(5, [2, 6])],
        ["speed.weight", valuesFrom(6, [1, 6])],
      ]),
    },
  });
}

beforeAll(async () => {
  home = newFolder();
  const images = someImages(count);
  const runtime = nodeRuntime({ threads: 1 });
  const benign = importModel(posedBackdoor(null), undefined, held);
  const at = { features: null, outputs: null };
  // Labels are what the model would say without its jump.
  const labels = await predict(
    runtime,
    await examine(runtime, benign, defaultPreprocessing, images.shape, at),
    images,
  );
  const spread = columnVariances(labels, 2).map(Math.sqrt);
  const target = columnMeans(labels, 2).map((mean, j) => mean + [1.2, -1][j]! * spread[j]!);
  writeFileSync(join(home, "model.onnx"), posedBackdoor(target));
  writeFileSync(
    join(home, "images.npz"),
    zipOf({
      "images.npy": npyOf("<f4", images.shape, bytesOf(images.pixels)),
      "labels.npy": npyOf("<f4", [count, 2], bytesOf(labels)),
    }),
  );
});

test("a check says what can be held, and passes and says it when it is", async () => {
  const refused = await run("check", "model.onnx");
  expect(refused.code).toBe(4);
  expect(`${refused.stdout}${refused.stderr}`).toContain("--hold pose=0,0,speed=0");
  const passed = await run("check", "model.onnx", ...hold);
  expect(passed.code, passed.stderr).toBe(0);
  expect(passed.stdout).toContain("pose=0.1,-0.2,speed=2");
});

test("a scan finds the backdoor, says what was held, and that other values were not checked", async () => {
  const options = [
    "--set",
    "families=patch,mapTargets=8,mapSteps=200,steps=120,bootstraps=50",
    "--threads",
    "1",
  ];
  const formats = ["--format", "json", "--format", "html", "--output", "out"];
  const found = await run("scan", "model.onnx", "--benign", "images.npz", ...options, ...hold, ...formats);
  expect(found.code, found.stderr).toBe(1);
  const result = resultIn("out/result.json");
  expect(result.benign.cleanError!.meanAbsolute.every((error) => error < 0.1)).toBe(true);
  expect(result.preprocessing.held).toEqual(held);
  expect(result.notChecked).toContain(
    "triggers under other values of input pose, which was held at 0.1, -0.2",
  );
  expect(repeatCommand(result)).toContain("--hold pose=0.1,-0.2,speed=2");
  expect(readFileSync(join(home, "out", "report.html"), "utf8")).toContain("held at pose=0.1,-0.2,speed=2");
});

test("two scans of other values differ in what was held", async () => {
  const result = resultIn("out/result.json");
  const preprocessing = { ...result.preprocessing, held: { ...held, pose: [0.5] } };
  writeFileSync(join(home, "other.json"), JSON.stringify({ ...result, preprocessing }));
  const changed = await run("diff", "out/result.json", "other.json");
  expect(changed.code).toBe(3);
  expect(changed.stdout).toMatch(/held.*pose=0\.1,-0\.2,speed=2.*pose=0\.5,speed=2/);
});

test("a repair takes the scan of the same values alone, and its file has the same inputs", async () => {
  const tuning =
    "steps=400,batch=16,learningRate=0.01,evaluateEvery=10,shift=0,gain=0,teacher=0,cleanTeacher=0,mirror=0,strength=0";
  const repair = [
    ...["repair", "model.onnx", "--benign", "images.npz", "--from", "out/result.json", "--set", tuning],
    ...["--threads", "1", "--max-degradation", "200%", "--skip-rescan"],
  ];
  const refused = await run(...repair, "--hold", "pose=0", "--hold", "speed=2", "--output", "no.onnx");
  expect(refused.code).toBe(4);
  expect(refused.stderr).toContain(
    'held {"pose":[0.1,-0.2],"speed":[2]} instead of {"pose":[0],"speed":[2]}',
  );
  const done = await run(...repair, ...hold, "--output", "repaired.onnx");
  expect(done.code, done.stderr).toBe(0);
  const [before, after] = ["model.onnx", "repaired.onnx"].map(
    (name) => readModel(readFileSync(join(home, name))).graph,
  );
  expect(after!.inputs).toEqual(before!.inputs);
  expect(after!.nodes).toEqual(before!.nodes);
  // What sees the pose alone stays as it is.
  expect(after!.initializers.get("pose.weight")).toEqual(before!.initializers.get("pose.weight"));
  expect(after!.initializers.get("conv")).not.toEqual(before!.initializers.get("conv"));
});

test("a config file may hold them too, and what is wrong is said", async () => {
  writeFileSync(join(home, "hold.json"), JSON.stringify({ hold: { pose: [0.1, -0.2], speed: 2 } }));
  const passed = await run("check", "model.onnx", "--config", "hold.json");
  expect(passed.code, passed.stderr).toBe(0);
  const unknown = await run("check", "model.onnx", ...hold, "--hold", "roll=1");
  expect(unknown.code).toBe(4);
  expect(unknown.stderr).toContain("no input roll to hold, expected one of pose, x, speed");
  const wrong = await run("check", "model.onnx", "--hold", "pose");
  expect(wrong.code).toBe(4);
  expect(wrong.stderr).toContain('--hold: found "pose", expected inputs and numbers such as pose=0.1,-0.2');
});
