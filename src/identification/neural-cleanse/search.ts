/** The search of Eq. 8 from several starts at once, as one long loop. */
import { grad } from "../../autodiff/grad.ts";
import { batchAt, pixelsOf } from "../../loops/batches.ts";
import { type LoopResult, runLoop } from "../../loops/loop.ts";
import { float32, type TensorData } from "../../onnx/tensor-data.ts";
import { adamDefaults, adamStep } from "../../optim/adam.ts";
import { createRandom, type Random } from "../../random.ts";
import { compileRows, type RowProgram } from "../../runtime/rows.ts";
import { mul } from "../../tensor/elementwise.ts";
import { Graph, type Tensor } from "../../tensor/graph.ts";
import { examineFor, fittingSearch, type SearchSize, searchBytes } from "../contrast/fitting.ts";
import { type OutputScale, toOutputs } from "../contrast/scale.ts";
import { targetsOver } from "../contrast/targets.ts";
import type { ImageShape } from "../families/family.ts";
import { patch } from "../families/patch.ts";
import type { IdentificationSetup } from "../identification.ts";
import { cleanseTerms } from "./objective.ts";
import type { NeuralCleanseOptions } from "./options.ts";
import { follow, isSettled, newSchedule, notReached, type ScheduleState } from "./schedule.ts";

/** What one start led to. */
export interface CleansedStart {
  /** y_t of the smallest mask, or the last one where none worked, in the model's unit, [d]. */
  readonly target: readonly number[];
  /** |m| / (H W) of the smallest mask that works; null when none did. */
  readonly size: number | null;
  /** Mask and pattern as the family `patch` has them, [n]. */
  readonly theta: Float32Array;
  /** Whether that mask has shrunk until it only just works, see {@link isSettled}. */
  readonly isSettled: boolean;
  /** Whether y_t was optimised too, as in Eq. 8; otherwise it stood still, as a class does. */
  readonly isFree: boolean;
}

/** What the search gives. */
export interface CleanseOutcome {
  readonly starts: readonly CleansedStart[];
  /** Images in a step, as memory allowed. */
  readonly batch: number;
  readonly steps: number;
  readonly isComplete: boolean;
  readonly history: LoopResult<unknown>["history"];
}

/** What the search is about. */
export interface CleanseContext {
  readonly setup: IdentificationSetup;
  readonly options: NeuralCleanseOptions;
  readonly scale: OutputScale;
  /** Seconds since the epoch; null for none. */
  readonly deadline: number | null;
}

/** Where a mask begins. */
interface Start {
  /** Mask and pattern, [n]. */
  readonly theta: Float32Array;
  /** y_t in standard deviations of each output from its mean, [d]. */
  readonly target: readonly number[];
  readonly isFree: boolean;
}

interface SearchState extends ScheduleState {
  /** Masks and patterns with Adam's means, [K n] each. */
  readonly theta: Float32Array;
  readonly m: Float32Array;
  readonly v: Float32Array;
  /** Targets with Adam's means, [K d] each. */
  readonly target: Float32Array;
  readonly targetM: Float32Array;
  readonly targetV: Float32Array;
  /** What belongs to the smallest mask that works, or the last one before there is any. */
  readonly bestTheta: Float32Array;
  readonly bestTarget: Float32Array;
}

/**
 * Searches masks from all starts, at once or in as few rounds as memory allows.
 *
 * Throws what {@link runLoop} and {@link examineFor} throw.
 */
export async function searchMasks(context: CleanseContext): Promise<CleanseOutcome> {
  const starts = startsOf(context);
  const size = await sizeOfSearch(context, starts.length);
  const rounds = Math.ceil(starts.length / size.triggers);
  const outcomes: Omit<CleanseOutcome, "batch">[] = [];
  for (let round = 0; round < rounds; round++) {
    const part = starts.slice(round * size.triggers, (round + 1) * size.triggers);
    const suffix = rounds === 1 ? "" : `, round ${round + 1} of ${rounds}`;
    outcomes.push(await searchRound(context, `searching masks${suffix}`, part, size.batch));
  }
  return {
    starts: outcomes.flatMap((outcome) => outcome.starts),
    batch: size.batch,
    steps: outcomes.reduce((total, { steps }) => total + steps, 0),
    isComplete: outcomes.every(({ isComplete }) => isComplete),
    history: outcomes.flatMap(({ history, steps }, round) =>
      history.map(({ step, values }) => ({ step: round * steps + step, values })),
    ),
  };
}

function startsOf({ setup, options, scale }: CleanseContext): Start[] {
  const [, c, h, w] = setup.benign.shape;
  const { heldTargets, freeStarts, reach } = options;
  const random = createRandom(setup.seed);
  return targetsOver(scale, heldTargets + freeStarts - 1, reach).map((deviations, k) => ({
    theta: uniformPatch([c, h, w], random.fork(`start ${k}`)),
    target: toOutputs(deviations, scale).map((value, j) => (value - scale.mean[j]!) / scale.std[j]!),
    isFree: k >= heldTargets,
  }));
}

/** How near to 0 and 1 a mask begins: at the ends a sigmoid has no slope. */
const startMargin = 0.01;

/** A mask and a pattern that are uniform between 0 and 1, as the publication's begin. */
function uniformPatch(shape: ImageShape, random: Random): Float32Array {
  return Float32Array.from({ length: patch.length(shape) }, () => {
    const value = startMargin + (1 - 2 * startMargin) * random.uniform();
    return Math.log(value / (1 - value));
  });
}

async function sizeOfSearch({ setup, options }: CleanseContext, triggers: number): Promise<SearchSize> {
  const [count, c, h, w] = setup.benign.shape;
  const wanted = { triggers, batch: Math.min(options.batch, count) };
  const limit = setup.memoryLimit;
  if (limit === null) return wanted;
  const { instance } = await examineFor(setup, setup.model.fixedBatch ?? 1);
  const size = fittingSearch(wanted, limit, (each) =>
    searchBytes(instance, patch, [c, h, w], each, setup.runtime.lanes),
  );
  if (size.batch < wanted.batch || size.triggers < triggers) {
    setup.onEvent({
      kind: "warning",
      message:
        `${size.triggers} masks at once on ${size.batch} images instead of ${triggers} on ${wanted.batch}: ` +
        `more would not fit into ${(limit / 1e9).toFixed(1)} GB`,
    });
  }
  return size;
}

async function searchRound(
  context: CleanseContext,
  name: string,
  starts: readonly Start[],
  batch: number,
): Promise<Omit<CleanseOutcome, "batch">> {
  const { setup, options, scale, deadline } = context;
  const { benign } = setup;
  const [k, n, d] = [starts.length, starts[0]!.theta.length, scale.std.length];
  const program = await searchProgram(context, k, n, batch);
  const free = float32(
    starts.map(({ isFree }) => (isFree ? 1 : 0)),
    [k, 1],
  );
  // The rounds see the same batches, so that their masks compare.
  const random = createRandom(setup.seed).fork("batches");
  try {
    const found = await runLoop<SearchState>(setup, {
      phase: name,
      steps: options.steps,
      key: `${setup.runKey}-${name.replaceAll(/\W+/g, "-")}`,
      initial: newState(starts),
      deadline,
      keepsEnd: true,
      toSaved: (state) => ({ ...state }),
      fromSaved: (arrays) => arrays as unknown as SearchState,
      async step(state, step) {
        const masks = (vector: Float32Array): TensorData => float32(vector, [k, n]);
        const targets = (vector: Float32Array): TensorData => float32(vector, [k, d]);
        const results = await program.run({
          image: pixelsOf(benign, batchAt(step, benign.shape[0], batch, random)),
          theta: masks(state.theta),
          m: masks(state.m),
          v: masks(state.v),
          target: targets(state.target),
          targetM: targets(state.targetM),
          targetV: targets(state.targetV),
          cost: float32(state.cost, [k]),
          free,
          step: float32([step + 1], []),
        });
        return stepOf(step, state, results, options);
      },
    });
    const { state, steps, history } = found;
    return {
      starts: starts.map(({ isFree }, i) => ({
        target: Array.from(
          state.bestTarget.subarray(i * d, (i + 1) * d),
          (value, j) => scale.mean[j]! + scale.std[j]! * value,
        ),
        size: state.best[i] === notReached ? null : state.best[i]!,
        theta: state.bestTheta.slice(i * n, (i + 1) * n),
        isSettled: isSettled(state, i),
        isFree,
      })),
      steps,
      isComplete: steps === options.steps,
      history,
    };
  } finally {
    await program.release();
  }
}

/** A step of K masks, which do not touch each other. */
function searchProgram(
  { setup, options, scale }: CleanseContext,
  k: number,
  n: number,
  batch: number,
): Promise<RowProgram> {
  const [, c, h, w] = setup.benign.shape;
  return compileRows(setup.runtime, k, ["image", "step"], async (rows) => {
    const graph = new Graph();
    const slot = (parameter: string, m: string, v: string, length: number) => {
      const input = (name: string): Tensor => graph.input(name, [rows, length]);
      return { parameter: input(parameter), m: input(m), v: input(v) };
    };
    const theta = slot("theta", "m", "v", n);
    const target = slot("target", "targetM", "targetV", scale.std.length);
    const inputs = {
      image: graph.input("image", [batch, c, h, w]),
      theta: theta.parameter,
      target: target.parameter,
      cost: graph.input("cost", [rows]),
    };
    const { loss, error, size } = cleanseTerms(inputs, await examineFor(setup, rows * batch), scale);
    const [ofTheta, ofTarget] = grad(loss, [inputs.theta, inputs.target], setup.runtime) as [Tensor, Tensor];
    const step = graph.input("step", []);
    const adam = { ...adamDefaults, beta1: options.beta1, beta2: options.beta2 };
    const newTheta = adamStep(theta, ofTheta, step, options.learningRate, adam);
    // Without a gradient Adam leaves a target where it is.
    const slope = mul(ofTarget, graph.input("free", [rows, 1]));
    const newTarget = adamStep(target, slope, step, options.targetLearningRate, adam);
    return {
      error,
      size,
      theta: newTheta.parameter,
      m: newTheta.m,
      v: newTheta.v,
      target: newTarget.parameter,
      targetM: newTarget.m,
      targetV: newTarget.v,
    };
  });
}

function newState(starts: readonly Start[]): SearchState {
  const theta = Float32Array.from(starts.flatMap((start) => [...start.theta]));
  const target = Float32Array.from(starts.flatMap((start) => start.target));
  const empty = ({ length }: Float32Array): Float32Array => new Float32Array(length);
  return {
    ...newSchedule(starts.length),
    theta,
    m: empty(theta),
    v: empty(theta),
    target,
    targetM: empty(target),
    targetV: empty(target),
    bestTheta: theta.slice(),
    bestTarget: target.slice(),
  };
}

function stepOf(
  step: number,
  state: SearchState,
  results: Readonly<Record<string, TensorData>>,
  options: NeuralCleanseOptions,
): { state: SearchState; values: Record<string, number> } {
  const array = (name: string): Float32Array => results[name]!.data as Float32Array;
  const [error, size] = [array("error"), array("size")];
  const { state: schedule, improved } = follow(step, state, error, size, options);
  // Until a mask works, the last one stands for it. The error and size of a step are those of the mask before it.
  const isNew = improved.map((is, i) => is || state.best[i] === notReached);
  return {
    state: {
      ...schedule,
      theta: array("theta"),
      m: array("m"),
      v: array("v"),
      target: array("target"),
      targetM: array("targetM"),
      targetV: array("targetV"),
      bestTheta: rowsWhere(isNew, state.theta, state.bestTheta),
      bestTarget: rowsWhere(isNew, state.target, state.bestTarget),
    },
    values: {
      error: meanOf(error),
      size: meanOf(size),
      cost: meanOf(state.cost),
      reached: schedule.best.filter((best) => best !== notReached).length,
    },
  };
}

function rowsWhere(condition: readonly boolean[], yes: Float32Array, no: Float32Array): Float32Array {
  if (!condition.includes(true)) return no;
  const rows = no.slice();
  const length = rows.length / condition.length;
  condition.forEach((isYes, i) => {
    if (isYes) rows.set(yes.subarray(i * length, (i + 1) * length), i * length);
  });
  return rows;
}

function meanOf(values: Float32Array): number {
  return values.reduce((total, value) => total + value, 0) / values.length;
}
