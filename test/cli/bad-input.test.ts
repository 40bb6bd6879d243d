import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { int } from "../../src/onnx/model.ts";
import { float32, int64 } from "../../src/onnx/tensor-data.ts";
import { newFolder, regressorNodes, runCli, smallModel, writeImages } from "../support/cli.ts";
import type { NodeLine } from "../support/models.ts";
import { npyOf, zipOf } from "../support/npz.ts";

let home: string;
const upToHead = regressorNodes.slice(0, -1);
const withLast = (...last: NodeLine[]): { nodes: NodeLine[] } => ({ nodes: [...upToHead, ...last] });

/** A model whose weight "conv.bias" is said to lie in a file beside it. */
function externalModel(location: string): Uint8Array {
  // TensorProto: dims = 6, data_type = FLOAT, name, external_data { location }, data_location = EXTERNAL.
  const field = (tag: number, bytes: Uint8Array): Buffer =>
    Buffer.concat([Buffer.from([tag, bytes.length]), bytes]);
  const entry = field(
    0x6a,
    Buffer.concat([field(0x0a, Buffer.from("location")), field(0x12, Buffer.from(location))]),
  );
  const tensor = Buffer.concat([
    Buffer.from([0x08, 6, 0x10, 1]),
    field(0x42, Buffer.from("head.extra")),
    entry,
    Buffer.from([0x70, 1]),
  ]);
  const graph = Buffer.concat([Buffer.from([0x2a]), Buffer.from([tensor.length]), tensor]);
  // A message may come in parts: the graph (field 7) is merged with the one before.
  return Buffer.concat([smallModel(), Buffer.from([0x3a, graph.length]), graph]);
}

beforeAll(async () => {
  home = newFolder();
  const write = (name: string, content: string | Uint8Array): void =>
    writeFileSync(join(home, name), content);
  write("model.onnx", smallModel());
  write("text.onnx", "this is not a model\n");
  write("empty.onnx", "");
  write("cut.onnx", smallModel().subarray(0, -200));
  write(
    "softmax.onnx",
    smallModel(withLast(["Gemm", ["h", "head.weight", "head.bias"], ["z"]], ["Softmax", ["z"], ["y"]])),
  );
  write("imagenet.onnx", smallModel({ outputCount: 1000 }));
  write("no-head.onnx", smallModel({ nodes: upToHead, outputs: ["h"] }));
  write("map.onnx", smallModel({ nodes: regressorNodes.slice(0, 2), outputs: ["r"] }));
  write("nan.onnx", smallModel({ weights: { "conv.bias": float32([0, 0, Number.NaN, 0, 0, 0]) } }));
  write("infinite.onnx", smallModel({ weights: { "head.bias": float32([Number.POSITIVE_INFINITY, 0]) } }));
  write("gray.onnx", smallModel({ inputs: [{ name: "x", dtype: "float32", shape: ["N", 1, 8, 8] }] }));
  write("five.onnx", smallModel({ inputs: [{ name: "x", dtype: "float32", shape: ["N", 5, 8, 8] }] }));
  write("vector.onnx", smallModel({ inputs: [{ name: "x", dtype: "float32", shape: ["N", 192] }] }));
  write("int.onnx", smallModel({ inputs: [{ name: "x", dtype: "int64", shape: ["N", 3, 8, 8] }] }));
  write("constant.onnx", smallModel({ weights: { "head.weight": float32(new Float32Array(12), [6, 2]) } }));
  write(
    "unknown-op.onnx",
    smallModel(withLast(["com.example.Warp", ["h"], ["w"]], ["Gemm", ["w", "head.weight"], ["y"]])),
  );
  write("shapes.onnx", smallModel({ weights: { "head.weight": float32(new Float32Array(10), [5, 2]) } }));
  write("future.onnx", smallModel({ opset: 99 }));
  write(
    "two-inputs.onnx",
    smallModel({ inputs: ["x", "z"].map((name) => ({ name, dtype: "float32", shape: ["N", 3, 8, 8] })) }),
  );
  write("outside.onnx", externalModel("../secret.bin"));
  write("absolute.onnx", externalModel("/etc/passwd"));
  write("missing-data.onnx", externalModel("weights.bin"));
  symlinkSync("/etc/passwd", join(home, "link.bin"));
  write("link.onnx", externalModel("link.bin"));
  // A tensor of 4 TB that no weight stands behind.
  const hungry: NodeLine[] = [
    ["ConstantOfShape", ["huge"], ["ones"]],
    ["ReduceSum", ["ones"], ["total"], { keepdims: int(0) }],
    ["Gemm", ["h", "head.weight", "head.bias"], ["z"]],
    ["Add", ["z", "total"], ["y"]],
  ];
  write(
    "hungry.onnx",
    smallModel({ nodes: [...upToHead, ...hungry], weights: { huge: int64([1_000_000, 1_000_000]) } }),
  );

  await writeImages(join(home, "images"));
  await writeImages(join(home, "large"), { size: 12 });
  await writeImages(join(home, "one"), { count: 1 });
  mkdirSync(join(home, "nothing"));
  const labelled = async (name: string, change: (lines: string[]) => string[]): Promise<void> => {
    await writeImages(join(home, name), { count: 4 });
    const lines = ["file,yaw,pitch", "000.png,0,1", "001.png,0.5,1", "002.png,0,2", "003.png,3,1"];
    write(join(name, "labels.csv"), change(lines).join("\n"));
  };
  await labelled("third-label", (lines) => lines.map((line, i) => (i === 0 ? `${line},roll` : `${line},0`)));
  await labelled("missing-row", (lines) => lines.slice(0, -1));
  await labelled("word", (lines) => lines.with(2, "001.png,abc,1"));
  await labelled("no-header", (lines) => lines.slice(1));
  await labelled("broken-image", (lines) => lines);
  write(join("broken-image", "002.png"), "not a picture");
  const values = new Float32Array(2 * 3 * 64).fill(128);
  write("range.npz", zipOf({ "images.npy": npyOf("<f4", [2, 3, 8, 8], new Uint8Array(values.buffer)) }));
  write("shape.npz", zipOf({ "images.npy": npyOf("|u1", [2, 64], new Uint8Array(128)) }));
  write("other.npz", zipOf({ "x.npy": npyOf("|u1", [2], new Uint8Array(2)) }));
  write("cut.npz", zipOf({ "images.npy": npyOf("|u1", [2, 8, 8, 3], new Uint8Array(384)) }).subarray(0, 300));
  write("bad.json", "{");
  write("unknown.json", '{ "treads": 2 }');
  write("wrong.json", '{ "threads": "many" }');
});

const scan = (model: string, benign = "images", ...more: string[]): string[] => [
  ...["scan", model, "--benign", benign, "--output", "out"],
  ...more,
];

/** What is given, the code that is expected, and what the message must say. */
const cases: [what: string, args: () => string[], code: string, ...says: string[]][] = [
  ["a missing model", () => scan("none.onnx"), "E_FILE", "none.onnx", "no such file"],
  ["a folder as model", () => scan("images"), "E_FILE", "folder", "expected an ONNX file"],
  ["a text file", () => scan("text.onnx"), "E_NOT_ONNX", "not an ONNX model"],
  ["an empty file", () => scan("empty.onnx"), "E_NOT_ONNX", "empty"],
  ["a truncated model", () => scan("cut.onnx"), "E_TRUNCATED", "cut short"],
  [
    "a classifier with softmax",
    () => scan("softmax.onnx"),
    "E_CLASSIFIER",
    "Softmax",
    "expected a regressor",
  ],
  ["a classifier of 1000 classes", () => scan("imagenet.onnx"), "E_CLASSIFIER", "1000"],
  ["a model without a dense head", () => scan("no-head.onnx"), "E_NO_DENSE_HEAD", "--features"],
  ["a model that gives a map", () => scan("map.onnx"), "E_MODEL_OUTPUT", "one vector for each image"],
  ["NaN weights", () => scan("nan.onnx"), "E_NAN", "conv.bias"],
  ["infinite outputs", () => scan("infinite.onnx"), "E_NAN", "expected finite numbers"],
  ["an output that never changes", () => scan("constant.onnx"), "E_MODEL_OUTPUT", "same output"],
  ["a model of gray images that is not", () => scan("gray.onnx"), "E_MODEL_INPUT"],
  ["a model of five channels", () => scan("five.onnx"), "E_MODEL_INPUT", "[?, 5, 8, 8]".replace("?", "N")],
  ["a model of vectors", () => scan("vector.onnx"), "E_MODEL_INPUT", "expected float32 or uint8 with 4 axes"],
  ["a model of integers", () => scan("int.onnx"), "E_MODEL_INPUT", "int64"],
  ["a model of two inputs", () => scan("two-inputs.onnx"), "E_MODEL_INPUT", "found 2 inputs"],
  ["an operator that nobody knows", () => scan("unknown-op.onnx"), "E_UNSUPPORTED_OPERATOR", "Warp"],
  ["shapes that do not fit each other", () => scan("shapes.onnx"), "E_INVALID_MODEL", "Gemm"],
  ["an operator set of the future", () => scan("future.onnx"), "E_OPSET", "99"],
  ["external data above the folder", () => scan("outside.onnx"), "E_EXTERNAL_DATA", "../secret.bin"],
  ["external data at an absolute path", () => scan("absolute.onnx"), "E_EXTERNAL_DATA", "/etc/passwd"],
  ["external data behind a link", () => scan("link.onnx"), "E_EXTERNAL_DATA", "link.bin", "outside"],
  ["external data that is missing", () => scan("missing-data.onnx"), "E_EXTERNAL_DATA", "weights.bin"],
  ["a model that asks for too much memory", () => scan("hungry.onnx"), "E_MEMORY"],
  ["missing images", () => scan("model.onnx", "none"), "E_FILE", "none"],
  ["a folder without images", () => scan("model.onnx", "nothing"), "E_IMAGES", "found no PNG, JPEG or WebP"],
  ["a single image", () => scan("model.onnx", "one"), "E_IMAGES", "expected at least 2"],
  ["images of the wrong size", () => scan("model.onnx", "large"), "E_IMAGES", "12x12", "8x8", "--size"],
  [
    "a size that the model does not take",
    () => scan("model.onnx", "images", "--size", "16"),
    "E_USAGE",
    "16x16",
    "8x8",
  ],
  ["a file that is no picture", () => scan("model.onnx", "broken-image"), "E_IMAGES", "002.png"],
  ["a label too many", () => scan("model.onnx", "third-label"), "E_LABELS", "found 3 labels", "expected 2"],
  ["a missing row of labels", () => scan("model.onnx", "missing-row"), "E_LABELS", "003.png"],
  ["a word among the labels", () => scan("model.onnx", "word"), "E_LABELS", "line 3", "abc"],
  ["labels without a header", () => scan("model.onnx", "no-header"), "E_LABELS", "expected a header"],
  [
    "float images beyond [0, 1]",
    () => scan("model.onnx", "range.npz"),
    "E_IMAGES",
    "from 128 to 128",
    "[0, 1]",
  ],
  ["an array of another shape", () => scan("model.onnx", "shape.npz"), "E_IMAGES", "uint8 [2, 64]"],
  ["an archive without images", () => scan("model.onnx", "other.npz"), "E_IMAGES", "images.npy"],
  ["a truncated archive", () => scan("model.onnx", "cut.npz"), "E_IMAGES"],
  ["a model as images", () => scan("model.onnx", "model.onnx"), "E_IMAGES", "expected a folder"],
  ["no images named", () => ["scan", "model.onnx"], "E_USAGE", "--benign"],
  [
    "a mean of two channels",
    () => scan("model.onnx", "images", "--mean", "1,2"),
    "E_USAGE",
    "expected 1 or 3",
  ],
  [
    "an option out of its range, before images are read",
    () => scan("model.onnx", "no-such-images", "--method", "contrast", "--set", "threshold=-1"),
    "E_USAGE",
    "threshold",
  ],
  ["a std of zero", () => scan("model.onnx", "images", "--std", "0"), "E_USAGE", "--std", "positive"],
  [
    "an unknown option of the method",
    () => scan("model.onnx", "images", "--set", "stepz=3"),
    "E_USAGE",
    "stepz",
  ],
  [
    "a word where a number is meant",
    () => scan("model.onnx", "images", "--set", "steps=many"),
    "E_USAGE",
    "many",
  ],
  [
    "an unknown format",
    () => scan("model.onnx", "images", "--format", "pdf"),
    "E_USAGE",
    "pdf",
    "table, json, html",
  ],
  [
    "a provider that is not there",
    () => scan("model.onnx", "images", "--provider", "coreml"),
    "E_PROVIDER",
    "coreml",
  ],
  ["features that are not there", () => scan("model.onnx", "images", "--features", "zz"), "E_", "zz"],
  ["an output that is not there", () => scan("model.onnx", "images", "--outputs", "zz"), "E_USAGE", "zz"],
  [
    "a config file that is no JSON",
    () => scan("model.onnx", "images", "--config", "bad.json"),
    "E_CONFIG",
    "bad.json",
  ],
  [
    "an unknown setting",
    () => scan("model.onnx", "images", "--config", "unknown.json"),
    "E_CONFIG",
    "treads",
  ],
  [
    "a wrong setting",
    () => scan("model.onnx", "images", "--config", "wrong.json"),
    "E_USAGE",
    '"threads" in wrong.json',
  ],
  ["a result that is none", () => ["report", "unknown.json"], "E_RESULT", "schemaVersion"],
];

test.for(cases)("%s", async ([, args, code, ...says]) => {
  const run = await runCli(
    [...args(), "--memory-limit", "4GB"].slice(0, args()[0] === "scan" ? undefined : -2),
    {
      cwd: home,
    },
  );
  expect(run.stderr).toContain(`[${code}`);
  for (const text of says) expect(run.stderr).toContain(text);
  expect(run.code).toBe(4);
  expect(run.stdout).toBe("");
  expect(run.stderr).not.toMatch(/^\s+at /m);
  expect(existsSync(join(home, "out", "result.json"))).toBe(false);
});

test("a check gathers all problems of a model that runs", async () => {
  const run = await runCli(["check", "no-head.onnx"], { cwd: home });
  expect(run).toMatchObject({ code: 4 });
  expect(run.stdout).toContain("E_NO_DENSE_HEAD");
});

test("usage errors of the command line itself exit with 4", async () => {
  for (const args of [["frobnicate"], ["scan"], ["scan", "a", "--bogus"]]) {
    const run = await runCli(args, { cwd: home });
    expect(run.code, args.join(" ")).toBe(4);
    expect(run.stdout).toBe("");
    expect(run.stderr).toContain("error:");
  }
});

test("control characters and tags in names do not reach the terminal or the page", async () => {
  const name = "evil\u001b[2J<img src=x onerror=alert(1)>";
  const nodes = regressorNodes.map(([op, inputs, outputs, attributes]): NodeLine => {
    const renamed = (names: string[]): string[] => names.map((each) => (each === "h" ? name : each));
    return [op, renamed(inputs), renamed(outputs), attributes ?? {}];
  });
  writeFileSync(join(home, "evil.onnx"), smallModel({ nodes }));
  const check = await runCli(["check", "evil.onnx"], { cwd: home });
  expect(check.code).toBe(0);
  expect(check.stdout).toContain("evil?[2J");
  const short = ["--set", "mapSteps=1,steps=1"];
  await runCli(["scan", "evil.onnx", "--benign", "images", ...short, "--output", "evil.html"], { cwd: home });
  const html = readFileSync(join(home, "evil.html"), "utf8");
  expect(html).toContain("&lt;img src=x");
  expect(html).not.toContain("<img src=x");
});
