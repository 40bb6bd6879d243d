/** A repair as a job: from paths to a file and a report. */
import { readFile } from "node:fs/promises";
import { sha256 } from "../data/data-key.ts";
import { externalDataBeside } from "../data/node/external-data.ts";
import { readBenign } from "../data/node/read-benign.ts";
import { readModel } from "../onnx/proto.ts";
import type { RepairReport } from "../report/repair-report.ts";
import { lanesFor, nodeRuntime } from "../runtime/node.ts";
import { type ModelCopies, repairModel } from "../workflows/repair-model.ts";
import { checkpointFolder } from "./checkpoint-folder.ts";
import { hostOf } from "./host.ts";
import type { JobContext, RepairRequest } from "./job.ts";
import { loadModel } from "./load-model.ts";
import {
  assertNewOutput,
  failedPath,
  removeRepaired,
  unverifiedPath,
  writeRepaired,
} from "./repair-output.ts";
import { readResultFile } from "./result-file.ts";

/**
 * Repairs a model.
 *
 * Throws E_WRITE when the output is there already, E_FILE and E_RESULT when the result that is given cannot be read, and what reading the
 * model and {@link repairModel} throw.
 */
export async function runRepair(request: RepairRequest, context: JobContext): Promise<RepairReport> {
  const start = Date.now();
  const { model, benign, from: path, threads, provider, memoryLimit } = request;
  await assertNewOutput(request.output);
  const from = path === null ? null : { path, result: await readResultFile(path) };
  context.onEvent({ kind: "phase", phase: "reading the model and the clean images", steps: 0 });
  const runtime = nodeRuntime({ threads, provider, lanes: lanesFor(threads, provider) });
  const loaded = await loadModel(model, memoryLimit, request.preprocessing.held);
  const images = { path: benign, read: readBenign.bind(null, benign) };
  const host = hostOf(runtime, threads, checkpointFolder(request.cache), context);
  return repairModel(runtime, loaded, copiesOf(request), images, { ...request, from }, host, start);
}

/** Copies of the model as files. */
function copiesOf({ model, output, memoryLimit, preprocessing }: RepairRequest): ModelCopies {
  const unverified = unverifiedPath(output);
  let externalFiles = 0;
  return {
    original: async () => readModel(await bytesOf(model), externalDataBeside(model)),
    async draft(weights) {
      externalFiles = await writeRepaired(model, weights, unverified);
      return loadModel(unverified, memoryLimit, preprocessing.held);
    },
    removeDraft: () => removeRepaired(unverified, externalFiles),
    async finish(weights, outcome) {
      const path = outcome === "failed" ? failedPath(output) : output;
      await writeRepaired(model, weights, path);
      return { path, sha256: await sha256(await bytesOf(path)) };
    },
  };
}

async function bytesOf(path: string): Promise<Uint8Array> {
  return new Uint8Array(await readFile(path));
}
