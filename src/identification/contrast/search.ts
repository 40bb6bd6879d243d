/** A search for the smallest triggers: many targets at once, as one long loop. */
import { grad } from "../../autodiff/grad.ts";
import { batchAt, pixelsOf } from "../../loops/batches.ts";
import { type LoopResult, runLoop } from "../../loops/loop.ts";
import { float32, type TensorData } from "../../onnx/tensor-data.ts";
import { adamStep } from "../../optim/adam.ts";
import { createRandom } from "../../random.ts";
import { compileRows, type RowProgram } from "../../runtime/rows.ts";
import { mul } from "../../tensor/elementwise.ts";
import { Graph, type Tensor } from "../../tensor/graph.ts";
import type { TriggerFamily } from "../families/family.ts";
import type { IdentificationSetup } from "../identification.ts";
import { examineFor, fittingSearch, type SearchSize, searchBytes } from "./fitting.ts";
import type { Center } from "./homes.ts";
import { weightsAt } from "./multipliers.ts";
import { searchTerms } from "./objective.ts";
import type { ContrastOptions } from "./options.ts";
import { type OutputScale, toOutputs } from "./scale.ts";
import type { PricedTarget } from "./score.ts";
import {
  newState,
  pricedTarget,
  type SearchedTrigger,
  type SearchState,
  searchedTrigger,
  stepOf,
  type WantedTrigger,
} from "./search-state.ts";
import { sketchOf } from "./sketch.ts";
import type { Limits } from "./verdict.ts";

/** What all searches of a family share. */
export interface SearchContext {
  readonly setup: IdentificationSetup;
  readonly options: ContrastOptions;
  readonly family: TriggerFamily;
  readonly scale: OutputScale;
  /** Outputs that are cheap to reach on any model: the mean, and what it gives when an image shows nothing or is hidden; in deviations, [d] each. */
  readonly homes: readonly (readonly number[])[];
  /** Targets that maps begin at too, in deviations, [d] each: what the average image or a hidden one gives where it is no home. */
  readonly suspects: readonly (readonly number[])[];
  /** What all hidden images give, a home or not; null where it differs, and for a family that does not hide. */
  readonly hidden: Center | null;
  readonly limits: Limits;
  /** Seconds since the epoch; null for none. */
  readonly deadline: number | null;
}

/**
 * The same where nothing is let go or given up: what is searched is held where it has come to.
 *
 * @param tolerance tau
 */
export function heldContext(context: SearchContext, tolerance: number): SearchContext {
  return { ...context, options: { ...context.options, heldPart: 0, patience: 1, tolerance } };
}

/** A loop over triggers, and how far it came. */
export interface Stage {
  readonly name: string;
  /** Whether all steps were done, or as many as could matter. */
  readonly isComplete: boolean;
  readonly steps: number;
  readonly history: LoopResult<unknown>["history"];
}

/** What a search gives. */
export interface SearchOutcome extends Stage {
  readonly triggers: readonly SearchedTrigger[];
}

/**
 * Whether further steps of a search cannot change what it is for.
 *
 * @param triggers what they cost so far
 * @param part of the steps that is done
 */
export type EarlyEnd = (triggers: readonly PricedTarget[], part: number) => boolean;

/**
 * Searches triggers, all at once or in as few rounds as memory allows.
 *
 * Throws what {@link runLoop} throws.
 *
 * @param name the stage's name, which its random numbers and its saved state go by
 * @param early asked where all triggers are searched at once, since it compares them; without it a search is given up when nothing has worked
 *   after the options' patience
 * @param most triggers at once, whatever memory allows
 */
export async function searchTriggers(
  context: SearchContext,
  name: string,
  wanted: readonly WantedTrigger[],
  early: EarlyEnd = hopeless(context),
  most = wanted.length,
): Promise<SearchOutcome> {
  const size = await sizeOfSearch(context, Math.min(most, wanted.length));
  const rounds = Math.ceil(wanted.length / size.triggers);
  const outcomes: Omit<SearchOutcome, "name">[] = [];
  for (let round = 0; round < rounds; round++) {
    const part = wanted.slice(round * size.triggers, (round + 1) * size.triggers);
    const end = rounds === 1 ? early : hopeless(context);
    const named = nameOfRound(name, round, rounds);
    outcomes.push(await searchRound(context, name, named, part, size.batch, end));
  }
  let start = 0;
  const history = outcomes.flatMap((outcome) => {
    const samples = outcome.history.map(({ step, values }) => ({ step: start + step, values }));
    start += outcome.steps;
    return samples;
  });
  return {
    name,
    triggers: outcomes.flatMap(({ triggers }) => triggers),
    isComplete: outcomes.every(({ isComplete }) => isComplete),
    steps: outcomes.reduce((total, { steps }) => total + steps, 0),
    history,
  };
}

/** What a round of a stage is called, which is the stage itself where there is one. */
export function nameOfRound(name: string, round: number, rounds: number): string {
  return rounds === 1 ? name : `${name}, round ${round + 1} of ${rounds}`;
}

/**
 * How many triggers are searched at once, and on how many images: as wanted where memory allows it, else less.
 *
 * @param batch images in a step, where there are as many
 */
export async function sizeWithin(
  { setup, family }: Pick<SearchContext, "setup" | "family">,
  triggers: number,
  batch: number,
): Promise<SearchSize> {
  const [count, c, h, w] = setup.benign.shape;
  const wanted = { triggers, batch: Math.min(batch, count) };
  const limit = setup.memoryLimit;
  if (limit === null) return wanted;
  const { instance } = await examineFor(setup, setup.model.fixedBatch ?? 1);
  const { lanes } = setup.runtime;
  return fittingSearch(wanted, limit, (each) => searchBytes(instance, family, [c, h, w], each, lanes));
}

/** The same for a search, with a warning where it is less. */
async function sizeOfSearch(context: SearchContext, triggers: number): Promise<SearchSize> {
  const { setup, options } = context;
  const wanted = Math.min(options.batch, setup.benign.shape[0]);
  const size = await sizeWithin(context, triggers, wanted);
  if (size.batch < wanted || size.triggers < triggers) {
    setup.onEvent({
      kind: "warning",
      message:
        `${size.triggers} triggers at once on ${size.batch} images instead of ${triggers} on ${wanted}: ` +
        `more would not fit into ${(setup.memoryLimit! / 1e9).toFixed(1)} GB`,
    });
  }
  return size;
}

/**
 * @param streamName what the batches are drawn by: the rounds of a stage see the same ones, so that their costs compare
 */
async function searchRound(
  context: SearchContext,
  streamName: string,
  name: string,
  wanted: readonly WantedTrigger[],
  batch: number,
  early: EarlyEnd,
): Promise<Omit<SearchOutcome, "name">> {
  const { setup, options, family, scale } = context;
  const [count, c, h, w] = setup.benign.shape;
  const [k, n, d] = [wanted.length, family.length([c, h, w]), scale.std.length];
  const leader = wanted.findIndex(({ isFollowed }) => isFollowed === true);
  const isBound = wanted.some(({ only }) => only !== undefined);
  const program = await searchProgram(context, k, batch, isBound);
  const bounds = isBound ? { only: float32(boundsOf(wanted, n), [k, n]) } : {};
  const random = createRandom(setup.seed).fork(`batches of ${streamName}`);
  const target = float32(
    wanted.flatMap((each) => toOutputs(each.target, scale)),
    [k, d],
  );
  const isLetGo = ({ isFree }: WantedTrigger, step: number): boolean =>
    isFree && step >= options.heldPart * options.steps;
  const where = (condition: (each: WantedTrigger) => boolean): TensorData =>
    float32(
      wanted.map((each) => (condition(each) ? 1 : 0)),
      [k],
    );
  try {
    const found = await runLoop<SearchState>(setup, {
      phase: name,
      steps: options.steps,
      key: `${setup.runKey}-${name.replaceAll(/\W+/g, "-")}`,
      initial: newState(wanted, n, d),
      deadline: context.deadline,
      keepsEnd: true,
      toSaved: (state) => ({ ...state }),
      fromSaved: (arrays) => arrays as unknown as SearchState,
      sketch: (state) => sketchOf(family.name, state),
      isSettled(state, step) {
        const priced = wanted.map(({ target }, i) => pricedTarget(target, state, i));
        return early(priced, step / options.steps);
      },
      async step(state, step) {
        const results = await program.run({
          image: pixelsOf(setup.benign, batchAt(step, count, batch, random)),
          theta: float32(state.theta, [k, n]),
          m: float32(state.m, [k, n]),
          v: float32(state.v, [k, n]),
          weight: float32(weightsAt(step, state, options), [k]),
          target,
          ...bounds,
          free: where((each) => isLetGo(each, step)),
          away: where((each) => isLetGo(each, step) && each.isNear !== true),
          step: float32([step + 1], []),
          rate: float32([rateOf(step, options, family)], []),
        });
        return stepOf(step, state, results, options, leader);
      },
    });
    return {
      triggers: wanted.map((each, i) => searchedTrigger(each, found.state, i, n, scale)),
      isComplete: found.isSettled || found.steps === options.steps,
      steps: found.steps,
      history: found.history,
    };
  } finally {
    await program.release();
  }
}

/** A step of K triggers, which do not touch each other. */
function searchProgram(
  context: SearchContext,
  k: number,
  batch: number,
  isBound: boolean,
): Promise<RowProgram> {
  return compileRows(context.setup.runtime, k, ["image", "step", "rate"], (rows) =>
    writeStep(context, rows, batch, isBound),
  );
}

async function writeStep(
  { setup, options, family, scale, homes }: SearchContext,
  k: number,
  batch: number,
  isBound: boolean,
): Promise<Readonly<Record<string, Tensor>>> {
  const [, c, h, w] = setup.benign.shape;
  const [n, d] = [family.length([c, h, w]), scale.std.length];
  const graph = new Graph();
  const [theta, m, v] = ["theta", "m", "v"].map((name) => graph.input(name, [k, n]));
  const inputs = {
    image: graph.input("image", [batch, c, h, w]),
    theta: theta!,
    weight: graph.input("weight", [k]),
    target: graph.input("target", [k, d]),
    free: graph.input("free", [k]),
    away: graph.input("away", [k]),
  };
  const { loss, ...terms } = searchTerms(
    inputs,
    family,
    await examineFor(setup, k * batch),
    scale,
    homes,
    options.slideDistance,
    options.leastKept,
  );
  const [slope] = grad(loss, [inputs.theta], setup.runtime);
  // Adam does not move a parameter whose slope has always been 0.
  const gradient = isBound ? mul(slope!, graph.input("only", [k, n])) : slope!;
  const slot = { parameter: inputs.theta, m: m!, v: v! };
  const rate = graph.input("rate", []);
  const { parameter, ...means } = adamStep(slot, gradient, graph.input("step", []), rate);
  return { ...terms, theta: parameter, ...means };
}

/** Adam's learning rate at a step, from 0: it falls along a line to the family's part of what it was. */
function rateOf(
  step: number,
  { learningRate, steps }: Pick<ContrastOptions, "learningRate" | "steps">,
  { lastRate }: Pick<TriggerFamily, "lastRate">,
): number {
  return learningRate * (1 - (1 - lastRate) * ((step + 1) / steps));
}

/** Which parameters may change, [k n]. */
function boundsOf(wanted: readonly WantedTrigger[], n: number): Float32Array {
  const bounds = new Float32Array(wanted.length * n).fill(1);
  wanted.forEach(({ only }, i) => {
    if (only !== undefined) bounds.set(only, i * n);
  });
  return bounds;
}

/** The end of a search in which nothing has worked. */
function hopeless({ options }: SearchContext): EarlyEnd {
  return (triggers, part) => part >= options.patience && triggers.every(({ cost }) => cost === null);
}
