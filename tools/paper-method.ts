/**
 * Scans the example models by the paper's method and prints a table of what came out, as docs/paper-method.md has it.
 *
 * Run: npx tsx tools/paper-method.ts --seeds 0,1,2 --set generatorChannels=8,pretrainingSteps=1000,steps=300
 *
 * What was interrupted goes on when the command is repeated; results are kept in demo-output/paper-method.
 */
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { createProgress } from "../src/cli/progress.ts";
import { writeWhole } from "../src/data/node/write-whole.ts";
import { scan } from "../src/jobs/scan.ts";
import { readResult } from "../src/report/read-result.ts";
import type { ScanResult } from "../src/report/result.ts";
import { methodChanges, parseMethodSettings } from "../src/workflows/method-settings.ts";

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "0" },
    set: { type: "string", default: "" },
    models: { type: "string", default: "benign,badnets,wanet" },
  },
});
const root = fileURLToPath(new URL("..", import.meta.url));
const output = `${root}demo-output/paper-method`;

async function resultOf(model: string, seed: number): Promise<ScanResult> {
  const path = `${output}/${[model, seed, ...values.set.split(/[,=]/)].join("-")}.json`;
  if (existsSync(path)) return readResult(JSON.parse(readFileSync(path, "utf8")));
  console.error(`${model}, seed ${seed}`);
  const progress = createProgress(process.stderr, false);
  const result = await scan({
    method: "paper",
    model: `${root}examples/gaze64/${model}.onnx`,
    benign: `${root}examples/gaze64/images`,
    preset: "gaze",
    options: values.set === "" ? {} : methodChanges("paper", parseMethodSettings(values.set)),
    seed,
    cache: `${output}/cache`,
    resume: true,
    onEvent: progress.onEvent,
  });
  progress.close();
  await writeWhole(path, [JSON.stringify(result)]);
  return result;
}

const percent = (value: number | null): string => (value === null ? "" : `${(100 * value).toFixed(2)} %`);
const ratio = (value: number | null): string => (value === null ? "" : value.toFixed(3));

console.log(
  "| model | seed | verdict | score | margin | floor | angle ratio | output ratio | target estimate (yaw, pitch) | paper's rule | seconds |",
);
console.log("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |");
for (const model of values.models.split(",")) {
  for (const seed of values.seeds.split(",").map(Number)) {
    const result = await resultOf(model, seed);
    const cells = [
      model,
      seed,
      result.verdict,
      percent(result.score),
      result.margin.toFixed(2),
      percent(result.reconstructionFloor),
      ratio(result.collapse.coneRatio),
      ratio(result.collapse.outputVarianceRatio),
      result.target.map(({ value }) => value.toFixed(3)).join(", "),
      result.measures.paperRuleSaysBackdoored === 1 ? "backdoored" : "benign",
      Math.round(result.seconds),
    ];
    console.log(`| ${cells.join(" | ")} |`);
  }
}
