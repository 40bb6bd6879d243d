/** The weights of a finished training as they were learnt, batch norm and all: what another training can begin with. */
import { join } from "node:path";
import { DrmGuardError } from "../errors.ts";
import type { NetworkArrays } from "../models/networks/network.ts";
import { pack } from "../optim/packing.ts";
import type { TrainingOptions } from "../training/options.ts";
import { networkOf, stateLengths } from "../training/step.ts";
import { readSavedState, writeSavedState } from "./checkpoint-folder.ts";
import { runFiles } from "./run-folder.ts";

/**
 * Writes the weights of a network into the folder of its run. Throws E_WRITE when it cannot.
 *
 * @param folder the folder of the run
 */
export function writeWeights(folder: string, { parameters, statistics }: NetworkArrays): Promise<void> {
  const arrays = { parameters: pack(parameters), statistics: pack(statistics) };
  return writeSavedState(join(folder, runFiles.weights), { arrays, json: null });
}

/**
 * Reads the weights of a finished training. Throws E_FILE when the folder has none and E_SHAPE when they are of another network.
 *
 * @param folder the folder of the run
 * @param options of the training that begins with them
 */
export async function readWeights(folder: string, options: TrainingOptions): Promise<NetworkArrays> {
  const { arrays } = await readSavedState(join(folder, runFiles.weights));
  const { parameters, statistics } = arrays;
  const lengths = stateLengths(options);
  const isSame = parameters?.length === lengths.parameters && statistics?.length === lengths.statistics;
  if (isSame) return networkOf({ parameters: parameters!, statistics: statistics! }, options);
  throw new DrmGuardError(
    "E_SHAPE",
    `found ${parameters?.length ?? 0} weights in ${folder}, expected ${lengths.parameters} as this network has`,
    { hint: "--arch, --width, --stem and the number of labels must be those of that training" },
  );
}
