/**
 * What the true target of a training's first backdoor costs when searches are held there, beside controls as far away, the mean, and the output for the average image.
 *
 * Run: npx tsx tools/measure-target.ts RUN [FAMILY] [TOLERANCE] [STEPS]
 *
 * RUN is a folder that `drmguard train` left, of regression on colour images. Four searches begin from nothing, seed 3; by default of patches, at the first tolerance (0.25), in 400 steps.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { readBenign } from "../src/data/node/read-benign.ts";
import { measureClean } from "../src/identification/contrast/clean-measure.ts";
import { contrastDefaults } from "../src/identification/contrast/options.ts";
import { averageImage, toDeviations } from "../src/identification/contrast/scale.ts";
import { heldContext, searchTriggers } from "../src/identification/contrast/search.ts";
import { controlTargets, distanceOf } from "../src/identification/contrast/targets.ts";
import { limitsOf } from "../src/identification/contrast/verdict.ts";
import { type FamilyName, families } from "../src/identification/families/families.ts";
import type { IdentificationSetup } from "../src/identification/identification.ts";
import { predict } from "../src/identification/predict.ts";
import { loadModel } from "../src/jobs/load-model.ts";
import { defaultPreprocessing } from "../src/models/preprocessing.ts";
import { createRandom } from "../src/random.ts";
import { readTrainingReport } from "../src/report/training-report.ts";
import { nodeRuntime } from "../src/runtime/node.ts";

const [run, name = "patch", tolerance = "0.25", steps = "400"] = process.argv.slice(2);
if (run === undefined) throw new Error("found no folder, expected RUN [FAMILY] [TOLERANCE] [STEPS]");
const searches = 4;
/** Bytes that a model may take. */
const memoryLimit = 4e9;

const report = readTrainingReport(JSON.parse(readFileSync(join(run, "run.json"), "utf8")));
const { model } = await loadModel(join(run, "model.onnx"), memoryLimit);
const { images: benign } = await readBenign(join(run, "benign"), { channels: 3, size: null, resizeTo: null });
const runtime = nodeRuntime({ threads: 2 });
const setup: IdentificationSetup = {
  ...{ runtime, model, preprocessing: defaultPreprocessing, benign, features: null, outputs: null },
  ...{ seed: 0, memoryLimit: null, timeBudget: null, runKey: "target", dataKey: "target" },
  onEvent: () => {},
  shouldStop: () => false,
  checkpoints: { load: async () => null, save: async () => {} },
};
const { examined, clean, scale } = await measureClean(setup);
const center = toDeviations(await predict(runtime, examined, averageImage(benign)), scale);
const mean = scale.mean.map(() => 0);
const target = toDeviations(report.backdoors[0]!.target, scale);
const family = families[name as FamilyName];
const options = { ...contrastDefaults, steps: Number(steps) };
const limits = limitsOf(options, clean.dimension);
const context = {
  setup,
  options,
  family,
  scale,
  homes: [mean, center],
  suspects: [],
  hidden: null,
  limits,
  deadline: null,
};
const random = createRandom(3);
const [, c, h, w] = benign.shape;
const { controls, leastAngle } = options;
const places: [what: string, target: number[]][] = [
  ...Array.from({ length: searches }, (): [string, number[]] => ["true target", target]),
  ...controlTargets(target, controls, leastAngle, random, scale.usual).map((each): [string, number[]] => [
    "control",
    [...each],
  ]),
  ["mean", mean],
  ["average image", center],
];
const { triggers } = await searchTriggers(
  heldContext(context, Number(tolerance)),
  "held",
  places.map(([what, each], i) => ({
    target: each,
    initial: family.initial([c, h, w], random.fork(`${what} ${i}`)),
    isFree: false,
  })),
);
const apart = distanceOf(center, target).toFixed(2);
console.log(
  `the output for the average image is ${apart} deviations from the target, ${distanceOf(center).toFixed(2)} from the mean\n`,
);
console.log("| held at | deviations from the mean | cost | error |\n| --- | --- | --- | --- |");
triggers.forEach(({ cost, error }, i) => {
  const [what, each] = places[i]!;
  console.log(
    `| ${what} | ${distanceOf(each).toFixed(2)} | ${cost?.toFixed(4) ?? "not reached"} | ${error.toFixed(3)} |`,
  );
});
