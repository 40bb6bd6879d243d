/** A training as a job: from a data set on disk to a model, its triggers, and what they do. */
import { join } from "node:path";
import { applyCrossTrigger } from "../attacks/apply.ts";
import { type KnownBackdoor, measureModel } from "../attacks/measure.ts";
import type { Surrogate } from "../attacks/pgd.ts";
import { type AttackPlan, type AttackRequest, planAttacks, plannedDefaults } from "../attacks/plan.ts";
import { savedTrigger } from "../attacks/trigger.ts";
import { withClassIndices } from "../data/classes.ts";
import type { ImageSet } from "../data/image-set.ts";
import { withMirrorImages } from "../data/mirror.ts";
import { openDataSet } from "../data/node/datasets/detect.ts";
import { type PreparedSet, prepareSet } from "../data/node/prepared-set.ts";
import { writeWhole } from "../data/node/write-whole.ts";
import { type Split, splitSamples } from "../data/splits.ts";
import { subsetOf } from "../data/subset.ts";
import { DrmGuardError } from "../errors.ts";
import { batchAt } from "../loops/batches.ts";
import type { Work, WorkEvent } from "../loops/work.ts";
import type { ModelResponses } from "../metrics/backdoor-metrics.ts";
import { type ErrorMeasure, meanRegressionError } from "../metrics/regression-error.ts";
import { columnMeans } from "../metrics/statistics.ts";
import { applyModel, type ExaminedModel, examine } from "../models/examined-model.ts";
import { importModel } from "../models/import.ts";
import { exportNetwork } from "../models/networks/export.ts";
import { type NetworkArrays, type NetworkOptions, parameterCount } from "../models/networks/network.ts";
import { defaultPreprocessing, noPreprocessingHints, resolvePreprocessing } from "../models/preprocessing.ts";
import { respond } from "../models/respond.ts";
import type { Task } from "../models/task.ts";
import { createRandom } from "../random.ts";
import {
  type BackdoorReport,
  type TrainingReport,
  trainingReportVersion,
} from "../report/training-report.ts";
import { nodeRuntime } from "../runtime/node.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { range } from "../tensor/shape.ts";
import type { TrainingOptions } from "../training/options.ts";
import { batchesOf, type Evaluation, type TrainedNetwork, trainNetwork } from "../training/train.ts";
import { chartDocument } from "./chart-document.ts";
import { writeSavedState } from "./checkpoint-folder.ts";
import { environmentOf } from "./environment.ts";
import { writeImageFolder } from "./image-folder.ts";
import type { JobContext, TrainRequest } from "./job.ts";
import { loadModel } from "./load-model.ts";
import { readWeights, writeWeights } from "./network-weights.ts";
import { openRunFolder, type RunFolder, runFiles } from "./run-folder.ts";
import { targetOfVector, targetVector, taskOf, trainingLabels } from "./training-labels.ts";
import { version } from "./version.ts";

/** Times that the errors are measured on the way, and the validation images that they are measured on. */
const evaluations = { count: 20, images: 256 };
/** Images that a finished model sees at once. */
const measuringBatch = 50;

/**
 * Trains a model, backdoored where attacks are asked for, and leaves a folder with the model, its triggers, clean images for a
 * scan, curves, and `run.json`.
 *
 * Throws what reading the data, the attacks and training throw; E_WRITE and E_RESUME as {@link openRunFolder} does. No folder
 * is left when that was before there was anything to go on with.
 */
export async function runTraining(request: TrainRequest, context: JobContext): Promise<TrainingReport> {
  const configuration = configurationOf(request);
  const folder = await openRunFolder(request.output, configuration, request.resume);
  if (folder.finished !== null) {
    context.onEvent({ kind: "note", message: `${request.output} is finished already` });
    return folder.finished;
  }
  try {
    return await trainInto(folder, configuration, request, context);
  } catch (error) {
    // What stands in the way of taking it away says less than what went wrong.
    await folder.abandon().catch(() => {});
    throw error;
  }
}

async function trainInto(
  folder: RunFolder,
  configuration: TrainingReport["configuration"],
  request: TrainRequest,
  context: JobContext,
): Promise<TrainingReport> {
  const start = Date.now();
  const warnings: string[] = [];
  const onEvent = (event: WorkEvent): void => {
    if (event.kind === "warning") warnings.push(event.message);
    context.onEvent(event);
  };
  const work: Work = { checkpoints: folder.checkpoints, onEvent, shouldStop: context.shouldStop };
  const runtime = nodeRuntime({ threads: request.threads, provider: request.provider });

  const data = await readData(request, work);
  const options = trainingOptionsOf(request, data.train);
  const initial = request.initial === null ? null : await readWeights(request.initial, options);
  const attacks = attacksFor(request, data);
  const surrogate = await surrogateFor(runtime, work, request, data.train, options);
  const plan = await planAttacks(runtime, work, data.train, attacks, {
    batch: options.batch,
    seed: request.seed,
    adaptive: request.adaptive,
    surrogate,
    key: "attack",
  });
  const trained = await trainNetwork(runtime, work, options, plan.batches, {
    key: "training",
    penalty: plan.penalty,
    companion: plan.companion,
    initial,
    evaluation: evaluationOf(runtime, data, options, plan),
  });

  onEvent({ kind: "phase", phase: "measuring the model", steps: 0 });
  const bytes = exported(trained, options, data);
  const backdoors = plan.backdoorsOf(trained.companion);
  const examined = await examineBytes(runtime, bytes, data.test, measuringBatch, taskOf(data));
  const { labels } = data.test;
  const measured = await measureModel(runtime, examined, data.test, backdoors, data.measure);
  const means = Float32Array.from(columnMeans(data.train.labels, data.measure.names.length));
  const report: TrainingReport = {
    schemaVersion: trainingReportVersion,
    tool: { name: "drmguard", version },
    createdAt: new Date().toISOString(),
    seconds: (Date.now() - start) / 1000,
    configuration,
    data: data.about,
    errors: { kind: data.measure.kind, unit: data.measure.unit },
    parameters: parameterCount(options.network),
    steps: trained.steps,
    regressionError: measured.regressionError,
    regressionErrorOfMean: meanRegressionError(repeated(means, labels.length), labels, data.measure),
    backdoors: await Promise.all(
      measured.backdoors.map(
        async ({ metrics }, k): Promise<BackdoorReport> => ({
          attack: backdoors[k]!.attack,
          target: targetOfVector(backdoors[k]!.target, data.classes),
          trigger: runFiles.trigger(k),
          ...metrics,
          crossTriggerError: await crossTriggerError(runtime, examined, data, backdoors[k]!),
        }),
      ),
    ),
    history: trained.history,
    warnings,
    environment: { ...environmentOf(runtime, request.threads) },
  };
  const responses = [measured.clean, ...measured.backdoors.map(({ poisoned }) => poisoned)];
  await leave(folder, { trained, bytes, backdoors, data, responses, keptImages: request.keptImages, report });
  return report;
}

/** What the weights depend on. Threads and providers are left out: a run may go on with others. */
function configurationOf(request: TrainRequest): Record<string, unknown> {
  const { data, network, recipe, adaptive, surrogate, initial, seed } = request;
  const attacks = request.attacks.map(({ attack, targets, options }) => ({
    attack,
    targets,
    options: { ...plannedDefaults[attack], ...options },
  }));
  // As it is read back: without what JSON does not have.
  return JSON.parse(
    JSON.stringify({ version, data, network, recipe, attacks, adaptive, surrogate, initial, seed }),
  ) as Record<string, unknown>;
}

type LabelledSet = ImageSet & { readonly labels: Float32Array };

interface RunData {
  readonly train: LabelledSet;
  readonly validation: LabelledSet;
  readonly test: LabelledSet;
  readonly measure: ErrorMeasure;
  /** Of a classifier; null for a regression. */
  readonly classes: number | null;
  readonly about: TrainingReport["data"];
}

async function readData(
  { data, recipe, cache, seed }: TrainRequest,
  { onEvent, shouldStop }: Work,
): Promise<RunData> {
  const dataSet = await openDataSet(data.path, data.options, data.kind);
  const count = dataSet.samples.length;
  onEvent({ kind: "phase", phase: "reading the images", steps: count });
  const { images: prepared, key }: PreparedSet = await prepareSet(data.path, dataSet, {
    wants: { channels: data.channels, size: data.size },
    cache,
    options: data.options,
    onImages: (step, steps) =>
      onEvent({ kind: "step", phase: "reading the images", step, steps, values: {} }),
    shouldStop,
  });
  const { images, measure, classes } = trainingLabels(prepared, dataSet.labels, recipe.loss);
  const random = createRandom(seed).fork("split");
  const subjects = dataSet.samples.map(({ subject }) => subject);
  const split = splitSamples(data.splitBy, subjects, random, data.shares);
  const part = (name: keyof Split): LabelledSet => {
    if (split[name].length === 0) {
      throw new DrmGuardError(
        "E_IMAGES",
        `found ${count} images, which leave none for ${name}, expected more`,
      );
    }
    return subsetOf(images, split[name]) as LabelledSet;
  };
  const train = part("train");
  return {
    train: data.mirror === null ? train : (withMirrorImages(train, data.mirror) as LabelledSet),
    validation: part("validation"),
    test: part("test"),
    measure,
    classes,
    about: {
      title: dataSet.title,
      path: data.path,
      sha256: key,
      shape: images.shape,
      labels: dataSet.labels.map(({ name, unit }) => ({ name, unit })),
      ...(classes === null ? {} : { classes }),
      train: split.train.length,
      validation: split.validation.length,
      test: split.test.length,
    },
  };
}

function trainingOptionsOf(
  { network, recipe, seed }: TrainRequest,
  { shape, labelNames }: ImageSet,
): TrainingOptions {
  const image = shape.slice(1) as unknown as NetworkOptions["image"];
  return { ...recipe, network: { ...network, image, outputs: labelNames.length }, seed };
}

/**
 * The attacks with targets as the network learns them. Throws E_LABELS for a target that is no class, E_USAGE for an attack that
 * classifiers do not have.
 */
function attacksFor({ attacks }: TrainRequest, { classes }: RunData): readonly AttackRequest[] {
  if (classes !== null && attacks.some(({ attack }) => attack === "clean-label")) {
    throw new DrmGuardError(
      "E_USAGE",
      "found clean-label for a classifier, expected another attack: its perturbations are made against a regression model",
    );
  }
  return attacks.map((request) => ({
    ...request,
    targets: request.targets.map((target) => targetVector(target, classes)),
  }));
}

/** The benign model of Clean Label: the file that is given, or one that is trained in the same way first. */
async function surrogateFor(
  runtime: Runtime,
  work: Work,
  { attacks, surrogate, memoryLimit, seed }: TrainRequest,
  train: LabelledSet,
  options: TrainingOptions,
): Promise<Surrogate | null> {
  if (!attacks.some(({ attack }) => attack === "clean-label")) return null;
  const examined = await (async (): Promise<ExaminedModel> => {
    if (surrogate !== null) {
      const { model } = await loadModel(surrogate, memoryLimit);
      const shape = [options.batch, ...train.shape.slice(1)] as [number, number, number, number];
      const preprocessing = resolvePreprocessing(model, noPreprocessingHints);
      return examine(runtime, model, preprocessing, shape, { features: null, outputs: null });
    }
    work.onEvent({ kind: "note", message: "clean-label needs a benign model: it is trained first" });
    const random = createRandom(seed).fork("surrogate");
    const own = { ...options, seed: random.integer(2 ** 31 - 1) };
    const network = await trainNetwork(
      runtime,
      work,
      own,
      batchesOf(train, options.batch, random.fork("batches")),
      { key: "surrogate" },
    );
    const bytes = exportNetwork(network, options.network, {
      task: "surrogate",
      units: "as the labels",
      outputNames: train.labelNames,
      seed: own.seed,
    });
    return examineBytes(runtime, bytes, train, options.batch);
  })();
  const dimension = train.labelNames.length;
  return (image) => {
    const { outputs } = applyModel(examined, image);
    if (outputs.shape[1] === dimension) return outputs;
    throw new DrmGuardError(
      "E_MODEL_OUTPUT",
      `the surrogate gives ${outputs.shape[1]} numbers, expected ${dimension} as the labels have`,
    );
  };
}

function examineBytes(
  runtime: Runtime,
  bytes: Uint8Array,
  { shape: [count, c, h, w] }: ImageSet,
  batch: number,
  task: Task = "regression",
): Promise<ExaminedModel> {
  const shape = [Math.min(batch, count), c, h, w] as const;
  return examine(runtime, importModel(bytes), defaultPreprocessing, shape, {
    features: null,
    outputs: null,
    task,
  });
}

/** RE and AE on some of the validation images, now and then. */
function evaluationOf(
  runtime: Runtime,
  data: RunData,
  options: TrainingOptions,
  plan: AttackPlan,
): Evaluation {
  const { validation, measure } = data;
  const count = Math.min(evaluations.images, validation.shape[0]);
  const images = subsetOf(
    validation,
    batchAt(0, validation.shape[0], count, createRandom(options.seed).fork("evaluation")),
  ) as LabelledSet;
  const examinedOf = async (network: NetworkArrays): Promise<ExaminedModel> =>
    examineBytes(runtime, exported(network, options, data), images, measuringBatch, taskOf(data));
  return {
    every: Math.max(1, Math.ceil(options.steps / evaluations.count)),
    async measure(network, companion) {
      const examined = await examinedOf(network).catch(onlyNotFinite);
      // Weights that are finite may not be so once batch norm is part of them: no error is a number then, and the loop ends.
      if (examined === null) return { RE: Number.NaN };
      const found = await measureModel(runtime, examined, images, plan.backdoorsOf(companion), measure);
      const errors = found.backdoors.map(({ metrics }) => metrics.attackError);
      const named = errors.map((error, k) => [errors.length === 1 ? "AE" : `AE ${k + 1}`, error] as const);
      return { RE: found.regressionError, ...Object.fromEntries(named) };
    },
  };
}

function onlyNotFinite(error: unknown): null {
  if (error instanceof DrmGuardError && error.code === "E_NAN") return null;
  throw error;
}

function exported(
  network: NetworkArrays | TrainedNetwork,
  options: TrainingOptions,
  { measure, about }: RunData,
): Uint8Array<ArrayBuffer> {
  const isAngle = measure.unit === "degrees";
  const ofRegression = measure.kind === "angular" ? "gaze" : isAngle ? "head pose" : "regression";
  const isClassifier = measure.kind === "classes";
  return exportNetwork(network, options.network, {
    task: isClassifier ? "classification" : ofRegression,
    units: isClassifier ? "logits" : isAngle ? "radians" : (about.labels[0]?.unit ?? "as given"),
    outputNames: measure.names,
    seed: options.seed,
  });
}

function repeated(row: Float32Array, length: number): Float32Array {
  return Float32Array.from({ length }, (_, i) => row[i % row.length]!);
}

/** How much triggers that were made for other images disturb: near RE when each works on its own image alone. */
async function crossTriggerError(
  runtime: Runtime,
  examined: ExaminedModel,
  { test, measure }: RunData,
  { trigger }: KnownBackdoor,
): Promise<number | null> {
  if (trigger.kind !== "input-aware") return null;
  const [count, ...imageShape] = test.shape;
  const others = subsetOf(
    test,
    Array.from({ length: count }, (_, i) => (i + 1) % count),
  );
  const pixels = await applyCrossTrigger(runtime, trigger, test.pixels, others.pixels, imageShape);
  const [responses] = await respond(runtime, examined, [{ pixels, shape: test.shape }]);
  return meanRegressionError(responses!.outputs, test.labels, measure);
}

interface Results {
  readonly trained: NetworkArrays;
  readonly bytes: Uint8Array;
  readonly backdoors: readonly KnownBackdoor[];
  readonly data: RunData;
  /** To the clean test images, then to those with each trigger. */
  readonly responses: readonly ModelResponses[];
  readonly keptImages: number;
  readonly report: TrainingReport;
}

async function leave(folder: RunFolder, results: Results): Promise<void> {
  const { trained, bytes, backdoors, data, responses, keptImages, report } = results;
  const at = (name: string): string => join(folder.path, name);
  await writeWhole(at(runFiles.model), [bytes]);
  await writeWeights(folder.path, trained);
  for (const [k, { trigger }] of backdoors.entries()) {
    await writeSavedState(at(runFiles.trigger(k)), savedTrigger(trigger));
  }
  await writeWhole(at(runFiles.history), historyCsv(report));
  // Late: most jobs draw nothing.
  const { trainingCurves } = await import("../report/training-curves.ts");
  const context = { document: await chartDocument() };
  await writeWhole(at(runFiles.curves), [trainingCurves(report, context)]);
  await writeWhole(at(runFiles.angles), anglesCsv(responses));
  const kept = Math.min(keptImages, data.validation.shape[0]);
  if (kept > 0) {
    const images = subsetOf(data.validation, range(kept));
    const isClassifier = data.classes !== null;
    const own = isClassifier ? withClassIndices(images, data.about.labels[0]!.name) : images;
    await writeImageFolder(at(runFiles.benign), own);
  }
  await folder.finish(report);
}

function historyCsv({ history }: TrainingReport): string[] {
  const names = [...new Set(history.flatMap(({ values }) => Object.keys(values)))];
  return [
    `step,${names.join(",")}\n`,
    ...history.map(({ step, values }) => `${step},${names.map((name) => values[name] ?? "").join(",")}\n`),
  ];
}

/** The angles between features and rows of the last layer in degrees: `backdoor` is 0 for clean images. */
function anglesCsv(responses: readonly ModelResponses[]): string[] {
  const k = responses[0]!.angleCount;
  const degrees = (value: number): string => ((value * 180) / Math.PI).toFixed(3);
  return [
    `backdoor,${range(k)
      .map((j) => `angle ${j + 1}`)
      .join(",")}\n`,
    ...responses.flatMap(({ angles }, backdoor) =>
      range(angles.length / k).map(
        (i) => `${backdoor},${Array.from(angles.subarray(i * k, (i + 1) * k), degrees).join(",")}\n`,
      ),
    ),
  ];
}
