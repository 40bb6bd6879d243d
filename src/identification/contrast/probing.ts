/** Triggers of the kinds that attackers are known to use: the ones that draw outputs together are where a map begins too. */
import { batchAt, pixelsOf } from "../../loops/batches.ts";
import { runLoop } from "../../loops/loop.ts";
import { columnMeans, meanScaledDistance } from "../../metrics/statistics.ts";
import { float32 } from "../../onnx/tensor-data.ts";
import { createRandom } from "../../random.ts";
import { compile, type Program } from "../../runtime/compile.ts";
import { Graph } from "../../tensor/graph.ts";
import { reshape } from "../../tensor/movement.ts";
import { outputsOf } from "../outputs.ts";
import { examineFor } from "./fitting.ts";
import { toDeviations } from "./scale.ts";
import { type SearchContext, type Stage, sizeWithin } from "./search.ts";
import { distanceOf } from "./targets.ts";

/** A probe that draws outputs together. */
export interface Start {
  /** The mean output under it, in deviations from the mean, [d]. */
  readonly target: readonly number[];
  /** [n] */
  readonly theta: Float32Array;
}

/** What the probes of a family gave. */
export interface ProbeOutcome extends Stage {
  readonly starts: readonly Start[];
}

/** Images that each probe is tried on: enough to choose by, since what is chosen is searched on others. */
export const probeImages = 4;

interface ProbeState {
  /** The mean error to the probe's own mean output, [count]. */
  readonly errors: Float32Array;
  /** That mean output, [count d]. */
  readonly outputs: Float32Array;
}

/**
 * Tries a family's probes on a few images, and chooses those under which outputs are closest together, by the objective's error to
 * their own mean; away from the homes, and apart from each other. A probe only gives a search a place to begin: its cost is found as any other's.
 *
 * Throws what {@link runLoop} throws.
 *
 * @returns null for a family without probes
 */
export async function probe(context: SearchContext): Promise<ProbeOutcome | null> {
  const { setup, options, family, scale } = context;
  const [count, c, h, w] = setup.benign.shape;
  const probes = family.probes([c, h, w]);
  if (probes === null || options.starts === 0) return null;
  const name = probingName(family.name);
  const batch = Math.min(probeImages, count);
  const { triggers: k } = await sizeWithin(context, options.mapTargets + 1, batch);
  const image = pixelsOf(setup.benign, batchAt(0, count, batch, createRandom(setup.seed).fork(name)));
  const [n, d] = [family.length([c, h, w]), scale.std.length];
  const steps = Math.ceil(probes.count / k);
  const program = await probeProgram(context, k, batch);
  try {
    const found = await runLoop<ProbeState>(setup, {
      phase: name,
      steps,
      key: `${setup.runKey}-${name.replaceAll(/\W+/g, "-")}`,
      initial: { errors: new Float32Array(probes.count), outputs: new Float32Array(probes.count * d) },
      deadline: context.deadline,
      keepsEnd: true,
      toSaved: (state) => ({ ...state }),
      fromSaved: (arrays) => arrays as unknown as ProbeState,
      async step(state, step) {
        const tried = Array.from({ length: Math.min(k, probes.count - step * k) }, (_, i) => step * k + i);
        const theta = new Float32Array(k * n);
        tried.forEach((index, i) => {
          theta.set(probes.theta(index), i * n);
        });
        const results = await program.run({ image, theta: float32(theta, [k, n]) });
        const outputs = results["outputs"]!.data as Float32Array;
        const [errors, means] = [state.errors.slice(), state.outputs.slice()];
        tried.forEach((index, i) => {
          const own = outputs.subarray(i * batch * d, (i + 1) * batch * d);
          const mean = columnMeans(own, d);
          errors[index] = meanScaledDistance(own, mean, scale.std);
          means.set(mean, index * d);
        });
        const least = errors.subarray(0, tried.at(-1)! + 1).reduce((low, each) => Math.min(low, each));
        return { state: { errors, outputs: means }, values: { error: least } };
      },
    });
    const isComplete = found.steps === steps;
    const starts = isComplete ? chosenOf(found.state, context, (index) => probes.theta(index)) : [];
    return { name, starts, isComplete, steps: found.steps, history: found.history };
  } finally {
    await program.release();
  }
}

/** What the stage is called. */
export const probingName = (family: string): string => `trying known kinds of triggers (${family})`;

async function probeProgram(
  { setup, family, scale }: SearchContext,
  k: number,
  batch: number,
): Promise<Program> {
  const [, c, h, w] = setup.benign.shape;
  const graph = new Graph();
  const theta = graph.input("theta", [k, family.length([c, h, w])]);
  const { images } = family.write(theta, graph.input("image", [batch, c, h, w]));
  const outputs = outputsOf(await examineFor(setup, k * batch), reshape(images, [k * batch, c, h, w]));
  return await compile(setup.runtime, { outputs: reshape(outputs, [k * batch, scale.std.length]) });
}

function chosenOf(
  { errors, outputs }: ProbeState,
  { options, scale, homes }: SearchContext,
  theta: (index: number) => Float32Array,
): Start[] {
  const d = scale.std.length;
  const chosen: Start[] = [];
  const order = Array.from(errors.keys())
    .filter((index) => errors[index]! < options.startTolerance)
    .sort((a, b) => errors[a]! - errors[b]!);
  for (const index of order) {
    if (chosen.length === options.starts) break;
    const target = toDeviations(outputs.subarray(index * d, (index + 1) * d), scale);
    const isAway = homes.every((home) => distanceOf(home, target) >= options.slideDistance);
    const isNew = chosen.every((known) => distanceOf(known.target, target) >= options.leastDistance);
    if (isAway && isNew) chosen.push({ target, theta: theta(index) });
  }
  return chosen;
}
