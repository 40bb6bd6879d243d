/** A training as a job: from a data set on disk to a model, its triggers, and what they do. */
import { applyCrossTrigger } from "../attacks/apply.ts";
import { type KnownBackdoor, measureModel } from "../attacks/measure.ts";
import { type AttackPlan, type AttackRequest, planAttacks, plannedDefaults } from "../attacks/plan.ts";
import type { ImageSet } from "../data/image-set.ts";
import { subsetOf } from "../data/subset.ts";
import { DrmGuardError } from "../errors.ts";
import { batchAt } from "../loops/batches.ts";
import type { Work, WorkEvent } from "../loops/work.ts";
import { meanRegressionError } from "../metrics/regression-error.ts";
import { columnMeans } from "../metrics/statistics.ts";
import type { ExaminedModel } from "../models/examined-model.ts";
import { type NetworkArrays, type NetworkOptions, parameterCount } from "../models/networks/network.ts";
import { respond } from "../models/respond.ts";
import { createRandom } from "../random.ts";
import {
  type BackdoorReport,
  type TrainingReport,
  trainingReportVersion,
} from "../report/training-report.ts";
import { nodeRuntime } from "../runtime/node.ts";
import type { Runtime } from "../runtime/runtime.ts";
import type { TrainingOptions } from "../training/options.ts";
import { type Evaluation, trainNetwork } from "../training/train.ts";
import { environmentOf } from "./environment.ts";
import type { JobContext, TrainRequest } from "./job.ts";
import { readWeights } from "./network-weights.ts";
import { openRunFolder, type RunFolder, runFiles } from "./run-folder.ts";
import { type LabelledSet, readTrainingData, type TrainingData } from "./training-data.ts";
import { examineBytes, exported } from "./training-export.ts";
import { targetOfVector, targetVector, taskOf } from "./training-labels.ts";
import { leaveResults } from "./training-results.ts";
import { surrogateFor } from "./training-surrogate.ts";
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

  const data = await readTrainingData(request, work);
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
  await leaveResults(folder, {
    trained,
    bytes,
    backdoors,
    data,
    responses,
    keptImages: request.keptImages,
    report,
  });
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
function attacksFor({ attacks }: TrainRequest, { classes }: TrainingData): readonly AttackRequest[] {
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

/** RE and AE on some of the validation images, now and then. */
function evaluationOf(
  runtime: Runtime,
  data: TrainingData,
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

function repeated(row: Float32Array, length: number): Float32Array {
  return Float32Array.from({ length }, (_, i) => row[i % row.length]!);
}

/** How much triggers that were made for other images disturb: near RE when each works on its own image alone. */
async function crossTriggerError(
  runtime: Runtime,
  examined: ExaminedModel,
  { test, measure }: TrainingData,
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
