/** The built command line as its users have it, and a small place to use it in. */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import sharp from "sharp";
import { ints } from "../../src/onnx/model.ts";
import { writeModel } from "../../src/onnx/proto.ts";
import { float32, type TensorData } from "../../src/onnx/tensor-data.ts";
import { createRandom } from "../../src/random.ts";
import { type ModelParts, modelOf, type NodeLine } from "./models.ts";

const main = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));

/** How a run of the command line ended. */
export interface CliRun {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Starts the command line; `output` fills while it runs. */
export function startCli(
  args: readonly string[],
  { cwd = tmpdir(), env = {} }: { cwd?: string; env?: Record<string, string> } = {},
): { child: ChildProcess; output: { stdout: string; stderr: string }; end: Promise<CliRun> } {
  if (!existsSync(main)) throw new Error("dist/ is not built: run npm run build, or npm test");
  const child = spawn(process.execPath, [main, ...args], {
    cwd,
    env: { PATH: process.env.PATH, HOME: cwd, TMPDIR: tmpdir(), NO_COLOR: "1", ...env },
  });
  const output = { stdout: "", stderr: "" };
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output.stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    output.stderr += text;
  });
  const end = new Promise<CliRun>((resolve) => {
    child.on("close", (code) => resolve({ code, ...output }));
  });
  return { child, output, end };
}

/** Runs the command line to its end. */
export function runCli(...parameters: Parameters<typeof startCli>): Promise<CliRun> {
  return startCli(...parameters).end;
}

/** A new folder of its own. */
export const newFolder = (): string => mkdtempSync(join(tmpdir(), "drmguard-cli-"));

const side = 8;
const features = 6;

/** Weights of the small regressor, from a seed. */
function weights(outputs: number): Record<string, TensorData> {
  const random = createRandom(7);
  const draw = (dims: number[]): TensorData =>
    float32(
      Float32Array.from({ length: dims.reduce((a, b) => a * b, 1) }, () => 0.5 * random.normal()),
      dims,
    );
  return {
    "conv.weight": draw([features, 3, 3, 3]),
    "conv.bias": draw([features]),
    "head.weight": draw([features, outputs]),
    "head.bias": draw([outputs]),
  };
}

/** The nodes of the small regressor from image x to y. */
export const regressorNodes: readonly NodeLine[] = [
  ["Conv", ["x", "conv.weight", "conv.bias"], ["c"], { pads: ints([1, 1, 1, 1]) }],
  ["Relu", ["c"], ["r"]],
  ["GlobalAveragePool", ["r"], ["p"]],
  ["Flatten", ["p"], ["h"]],
  ["Gemm", ["h", "head.weight", "head.bias"], ["y"]],
];

/** A small regressor of 8 x 8 px images with changes, as bytes. */
export function smallModel(
  changes: Partial<ModelParts> & { weights?: Record<string, TensorData>; outputCount?: number } = {},
): Uint8Array {
  return writeModel(
    modelOf({
      opset: 17,
      nodes: regressorNodes,
      inputs: [{ name: "x", dtype: "float32", shape: ["N", 3, side, side] }],
      initializers: { ...weights(changes.outputCount ?? 2), ...changes.weights },
      ...changes,
    }),
  );
}

/** Writes a folder of random images, with labels of two columns unless told otherwise. */
export async function writeImages(
  folder: string,
  { count = 60, size = side, labels = true }: { count?: number; size?: number; labels?: boolean } = {},
): Promise<string> {
  mkdirSync(folder, { recursive: true });
  const random = createRandom(3);
  const rows = ["file,yaw,pitch"];
  for (let i = 0; i < count; i++) {
    const name = `${String(i).padStart(3, "0")}.png`;
    const base = [random.integer(200), random.integer(200), random.integer(200)];
    const pixels = Uint8Array.from({ length: size * size * 3 }, (_, k) => base[k % 3]! + random.integer(55));
    await sharp(pixels, { raw: { width: size, height: size, channels: 3 } })
      .png()
      .toFile(join(folder, name));
    rows.push(`${name},${random.normal().toFixed(4)},${random.normal().toFixed(4)}`);
  }
  if (labels) writeFileSync(join(folder, "labels.csv"), `${rows.join("\n")}\n`);
  return folder;
}

/** Options that make a scan by contrast short; its verdict says nothing. */
export const shortContrast: readonly string[] = [
  "--method",
  "contrast",
  "--set",
  "mapSteps=8,steps=8,growingSteps=4,climbSteps=4,starts=0,mapTargets=4,controls=2,restarts=2,bootstraps=20,families=patch:warp",
  "--threads",
  "1",
];

/** Options that make a scan short; its verdict says nothing. */
export const shortScan: readonly string[] = [
  "--method",
  "paper",
  "--set",
  "steps=4,pretrainingSteps=4,generatorChannels=2,batch=20",
  "--threads",
  "1",
];
