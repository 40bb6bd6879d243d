/** Whole scans in this process: a model and images in memory, and what a workflow reports. */
import { sha256 } from "../../src/data/data-key.ts";
import type { ImageSet } from "../../src/data/image-set.ts";
import { memoryArchive } from "../../src/loops/memory-archive.ts";
import type { CheckpointArchive, WorkEvent } from "../../src/loops/work.ts";
import { importModel } from "../../src/models/import.ts";
import { readResult } from "../../src/report/read-result.ts";
import type { ScanResult } from "../../src/report/result.ts";
import { nodeRuntime } from "../../src/runtime/node.ts";
import type { LoadedModel, ModelSource } from "../../src/workflows/host.ts";
import { scanModel } from "../../src/workflows/scan-model.ts";
import type { ScanOptions } from "../../src/workflows/scan-options.ts";

/** A model's file as a workflow gets it. */
export async function loadedModel(path: string, bytes: Uint8Array<ArrayBuffer>): Promise<LoadedModel> {
  return { path, model: importModel(bytes), sha256: await sha256(bytes), bytes: bytes.length };
}

/** The same, when it is its turn. */
export const modelSource = (path: string, bytes: Uint8Array<ArrayBuffer>): ModelSource => ({
  path,
  load: () => loadedModel(path, bytes),
});

/** What a scan is given besides its options. */
export interface ScanPlace {
  readonly checkpoints?: CheckpointArchive;
  readonly events?: WorkEvent[];
  readonly shouldStop?: () => boolean;
}

/** Scans a model; the result is what a reader of its JSON gets. */
export async function scanHere(
  model: LoadedModel,
  benign: ImageSet,
  options: Partial<ScanOptions>,
  { checkpoints = memoryArchive(), events = [], shouldStop = () => false }: ScanPlace = {},
): Promise<ScanResult> {
  const nothing = { scale: null, mean: null, std: null, layout: null, channels: null };
  const result = await scanModel(
    nodeRuntime({ threads: 1 }),
    model,
    { path: "images", read: async () => ({ images: benign, warnings: [] }) },
    {
      ...{ preprocessing: nothing, size: null, features: null, outputs: null, seed: 1, timeBudget: null },
      ...{ method: "contrast", preset: "auto", options: {}, memoryLimit: 8e9, resume: false },
      ...options,
    },
    {
      version: "0.0.0",
      environment: { node: "", runtime: "", provider: "", platform: "", cpu: "", threads: 1 },
      encodePng: async () => new Uint8Array(),
      checkpoints,
      onEvent: (event) => events.push(event),
      shouldStop,
    },
  );
  return readResult(JSON.parse(JSON.stringify(result)));
}
