/** A scan as a job: from paths to a result. */
import { readBenign } from "../data/node/read-benign.ts";
import type { ScanResult } from "../report/result.ts";
import { lanesFor, nodeRuntime } from "../runtime/node.ts";
import type { LoadedModel } from "../workflows/host.ts";
import { scanModel } from "../workflows/scan-model.ts";
import { checkpointFolder } from "./checkpoint-folder.ts";
import { hostOf } from "./host.ts";
import type { JobContext, ScanRequest } from "./job.ts";
import { loadModel } from "./load-model.ts";

/**
 * Scans a model.
 *
 * Throws what reading the model and {@link scanModel} throw.
 */
export async function runScan(request: ScanRequest, context: JobContext): Promise<ScanResult> {
  const start = Date.now();
  context.onEvent({ kind: "phase", phase: "reading the model and the clean images", steps: 0 });
  const { threads, provider, benign } = request;
  const runtime = nodeRuntime({ threads, provider, lanes: lanesFor(threads, provider) });
  const load = (path: string): Promise<LoadedModel> =>
    loadModel(path, request.memoryLimit, request.preprocessing.held);
  const loaded = await load(request.model);
  const images = { path: benign, read: readBenign.bind(null, benign) };
  const host = hostOf(runtime, threads, checkpointFolder(request.cache), context);
  const references = request.references.map((path) => ({
    path,
    load: () => load(path),
  }));
  return scanModel(runtime, loaded, images, { ...request, references }, host, start);
}
