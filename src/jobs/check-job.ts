/** The check of a model, as a job. */
import { type CheckReport, checkModel } from "../models/check.ts";
import { resolvePreprocessing } from "../models/preprocessing.ts";
import { nodeRuntime } from "../runtime/node.ts";
import type { CheckRequest, JobContext } from "./job.ts";
import { loadModel } from "./load-model.ts";

/**
 * Reads and checks a model.
 *
 * Throws what {@link loadModel} and {@link checkModel} throw.
 */
export async function runCheck(request: CheckRequest, { onEvent }: JobContext): Promise<CheckReport> {
  const { threads, provider, size, features, outputs, task, seed } = request;
  onEvent({ kind: "phase", phase: "reading the model", steps: 0 });
  const { model } = await loadModel(request.model, request.memoryLimit, request.preprocessing.held);
  const preprocessing = resolvePreprocessing(model, request.preprocessing);
  onEvent({ kind: "phase", phase: "checking operators, split and gradient", steps: 0 });
  const runtime = nodeRuntime({ threads, provider });
  return checkModel({ runtime, model, preprocessing, size, features, outputs, task, seed });
}
