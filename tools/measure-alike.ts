/**
 * How far triggers that are alike go where those of a saved scan lead: what `generality` in a result is made of.
 *
 * Run: npx tsx tools/measure-alike.ts RESULT.json MODEL.onnx IMAGES [MOST]
 *
 * IMAGES are the clean images of the scan, of the model's own size. Prints a row for each trigger of a family of which it is known what is alike, with the parts of the way that up to
 * MOST (16) others go, sorted, and how many of them reach the target within a quarter of a deviation. The first 48 images are used, and seed 0.
 */
import { readFileSync } from "node:fs";
import { readBenign } from "../src/data/node/read-benign.ts";
import { subsetOf } from "../src/data/subset.ts";
import { partsOfWay } from "../src/identification/contrast/generality.ts";
import { respondToClean, respondToTrigger } from "../src/identification/contrast/measuring.ts";
import { contrastDefaults } from "../src/identification/contrast/options.ts";
import { outputScale } from "../src/identification/contrast/scale.ts";
import { families } from "../src/identification/families/families.ts";
import { loadModel } from "../src/jobs/load-model.ts";
import { columnMeans, meanScaledDistance } from "../src/metrics/statistics.ts";
import { examine } from "../src/models/examined-model.ts";
import { noPreprocessingHints, resolvePreprocessing } from "../src/models/preprocessing.ts";
import { createRandom } from "../src/random.ts";
import { readResult } from "../src/report/read-result.ts";
import { nodeRuntime } from "../src/runtime/node.ts";
import { range } from "../src/tensor/shape.ts";
import { triggerOfText } from "../src/workflows/trigger-text.ts";

const [resultPath, modelPath, imagesPath, most = "16"] = process.argv.slice(2);
if (resultPath === undefined || modelPath === undefined || imagesPath === undefined) {
  throw new Error(`found ${process.argv.slice(2).join(" ")}, expected RESULT.json MODEL.onnx IMAGES [MOST]`);
}
const fewImages = 48;
const batch = 16;
/** Bytes that a model may take. */
const memoryLimit = 4e9;

const result = readResult(JSON.parse(readFileSync(resultPath, "utf8")));
const runtime = nodeRuntime({ threads: 1 });
const { model } = await loadModel(modelPath, memoryLimit, result.preprocessing.held);
const gray = result.benign.shape[1] === 1;
const { images } = await readBenign(imagesPath, { channels: gray ? 1 : 3, size: null, resizeTo: null });
const few = subsetOf(images, range(Math.min(fewImages, images.shape[0])));
const [count, c, h, w] = few.shape;
const preprocessing = resolvePreprocessing(model, noPreprocessingHints);
const shape = [Math.min(batch, count), c, h, w] as const;
const examined = await examine(runtime, model, preprocessing, shape, { features: null, outputs: null });
const clean = await respondToClean(runtime, examined, few);
const scale = outputScale(clean.outputs, clean.dimension);

console.log(
  "| family | score | errors: clean, own | reach | parts of the way |\n| --- | --- | --- | --- | --- |",
);
for (const text of result.triggers ?? []) {
  const { family: name, theta, score } = triggerOfText(text);
  const family = families[name];
  if (family.alike === null) continue;
  const outputsUnder = async (parameters: Float32Array): Promise<Float32Array> =>
    (await respondToTrigger(runtime, examined, few, family, parameters, 0)).outputs;
  const own = await outputsUnder(theta);
  const target = columnMeans(own, clean.dimension);
  const errorOf = (outputs: Float32Array): number => meanScaledDistance(outputs, target, scale.std);
  const random = createRandom(0).fork("alike");
  const errors: number[] = [];
  for (let i = 0; i < Number(most); i++) {
    errors.push(errorOf(await outputsUnder(family.alike.another(theta, [c, h, w], random))));
  }
  const way = { own: errorOf(own), clean: errorOf(clean.outputs) };
  const parts = partsOfWay(errors, way).toSorted((a, b) => a - b);
  const reached = errors.filter((error) => error < contrastDefaults.tolerance).length;
  console.log(
    `| ${name} | ${score.toFixed(2)} | ${way.clean.toFixed(2)}, ${way.own.toFixed(3)} | ${reached} of ${errors.length} | ${parts.map((part) => part.toFixed(2)).join(" ")} |`,
  );
}
