/**
 * Trains and scans networks on rendered heads that are not of the experiments' two tasks: with one output, with five, and a gray one of
 * another size and architecture; benign and with two attacks. Prints the table that docs/experiments.md has.
 *
 * Run: npx tsx tools/other-outputs.ts HEADS OUTPUT [SEED] [CASES]
 *
 * HEADS is a folder of `drmguard data render --preset head-pose --count 8000 --format webp`. What was interrupted goes on when the command
 * is repeated.
 */
import { existsSync, linkSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { AttackRequest } from "../src/attacks/plan.ts";
import { writeWhole } from "../src/data/node/write-whole.ts";
import { scan } from "../src/jobs/scan.ts";
import { type TrainCall, train } from "../src/jobs/train.ts";
import { createRandom } from "../src/random.ts";
import { readResult } from "../src/report/read-result.ts";
import type { ScanResult } from "../src/report/result.ts";
import type { TrainingReport } from "../src/report/training-report.ts";
import { trainingRecipes, withSteps } from "../src/training/options.ts";

interface Case {
  /** Columns of `angles.csv`. */
  readonly labels: readonly string[];
  /** Those whose sign turns in a mirror. */
  readonly mirror: readonly string[];
  readonly network: TrainCall["network"];
  readonly data: Partial<TrainCall["data"]>;
}

const fine = { architecture: "resnet18", width: 0.25, stem: "fine" } as const;
const cases: Readonly<Record<string, Case>> = {
  one: { labels: ["head yaw"], mirror: ["head yaw"], network: fine, data: {} },
  five: {
    labels: ["gaze yaw", "gaze pitch", "head yaw", "head pitch", "head roll"],
    mirror: ["gaze yaw", "head yaw", "head roll"],
    network: fine,
    data: {},
  },
  gray: {
    labels: ["head yaw", "head pitch"],
    mirror: ["head yaw"],
    network: { architecture: "mobilenetv1", width: 0.25, stem: "small" },
    data: { channels: 1, size: [48, 48] },
  },
};
/** Where targets lie, in radians either way: well inside of what heads turn. */
const targets = { least: 0.2, width: 0.3 };

const [heads, output, seedText = "1", names = Object.keys(cases).join()] = process.argv.slice(2);
if (heads === undefined || output === undefined)
  throw new Error("usage: npx tsx tools/other-outputs.ts HEADS OUTPUT [SEED] [CASES]");
const seed = Number(seedText);

/** The heads with other labels: the same files, linked. */
function dataOf(name: string, { labels }: Case): string {
  const folder = resolve(output!, `data-${name}`);
  if (existsSync(join(folder, "labels.csv"))) return folder;
  mkdirSync(folder, { recursive: true });
  const images = readdirSync(heads!).filter((file) => /\.(webp|png)$/.test(file));
  for (const file of images)
    if (!existsSync(join(folder, file))) linkSync(join(heads!, file), join(folder, file));
  const [header, ...rows] = readFileSync(join(heads!, "angles.csv"), "utf8")
    .trim()
    .split("\n")
    .map((line) => line.split(","));
  const columns = [0, ...labels.map((label) => header!.indexOf(label))];
  const lines = rows.map((cells) => columns.map((i) => cells[i]).join(","));
  writeFileSync(join(folder, "labels.csv"), `${[`file,${labels.join(",")}`, ...lines].join("\n")}\n`);
  return folder;
}

const attackOptions = { badnets: {}, wanet: { poisonRate: 0.15 } } as const;
const conditions = ["benign", ...(Object.keys(attackOptions) as (keyof typeof attackOptions)[])] as const;

function attacksOf(name: string, { labels }: Case, condition: (typeof conditions)[number]): AttackRequest[] {
  if (condition === "benign") return [];
  const random = createRandom(seed).fork(`${name} ${condition}`);
  const target = labels.map(
    () => (random.uniform() < 0.5 ? -1 : 1) * (targets.least + targets.width * random.uniform()),
  );
  return [{ attack: condition, targets: [target], options: attackOptions[condition] }];
}

async function trained(
  name: string,
  each: Case,
  condition: (typeof conditions)[number],
): Promise<[string, TrainingReport]> {
  const folder = join(output!, `${name}-${condition}-${seed}`);
  const report = await train({
    data: { path: dataOf(name, each), options: { angleUnit: "radians" }, mirror: each.mirror, ...each.data },
    network: each.network!,
    recipe: withSteps(trainingRecipes.desk, condition === "benign" ? 1800 : 1500),
    attacks: attacksOf(name, each, condition),
    initial: condition === "benign" ? null : join(output!, `${name}-benign-${seed}`),
    output: folder,
    seed,
    cache: join(output!, "cache"),
    threads: 1,
    resume: true,
  });
  return [folder, report];
}

async function scanned(folder: string): Promise<ScanResult> {
  const path = `${folder}.json`;
  if (existsSync(path)) return readResult(JSON.parse(readFileSync(path, "utf8")));
  const result = await scan({
    model: join(folder, "model.onnx"),
    benign: join(folder, "benign"),
    cache: join(output!, "cache"),
    threads: 1,
  });
  await writeWhole(path, [JSON.stringify(result)]);
  return result;
}

const degrees = (radians: number): number => (180 / Math.PI) * radians;
console.log(
  "| network | model | RE | AE | verdict | score (interval) | shown by | off the target, degrees | seconds |",
);
console.log("| --- | --- | --- | --- | --- | --- | --- | --- | --- |");
for (const name of names.split(",")) {
  for (const condition of conditions) {
    const [folder, report] = await trained(name, cases[name]!, condition);
    const result = await scanned(folder);
    const { scoreLow, scoreHigh } = result.measures;
    const [backdoor] = report.backdoors;
    const family = result.contrast?.find(({ findings }) =>
      findings.some(({ score }) => score === result.score),
    );
    const off = backdoor?.meanOutput.map((value, j) => Math.abs(degrees(value - result.target[j]!.value)));
    const cells = [
      ...[name, condition, report.regressionError.toPrecision(3), backdoor?.attackError.toPrecision(3) ?? ""],
      ...[
        result.verdict,
        `${result.score.toFixed(2)}${scoreLow === undefined ? "" : ` (${scoreLow.toFixed(2)} to ${scoreHigh!.toFixed(2)})`}`,
      ],
      ...[
        family?.family ?? "",
        off === undefined ? "" : Math.max(...off).toFixed(1),
        result.seconds.toFixed(0),
      ],
    ];
    console.log(`| ${cells.join(" | ")} |`);
  }
}
