/** Copies of a model with other weights, in memory. */
import { sha256 } from "../../src/data/data-key.ts";
import type { HeldInputs } from "../../src/models/held-inputs.ts";
import { readModel } from "../../src/onnx/proto.ts";
import { type ExternalPatch, replaceWeights } from "../../src/onnx/replace-weights.ts";
import type { ModelCopies, NamedWeights } from "../../src/workflows/repair-model.ts";
import type { ModelFiles } from "../messages.ts";
import { externalDataIn, readModelFiles } from "./read-model.ts";

/** Copies, the last of which is for the user. */
export interface CopiesInMemory extends ModelCopies {
  /** The files of the finished copy. */
  finished(): readonly File[];
}

/**
 * Copies of a model that was chosen. They lie in memory until the user saves them.
 *
 * @param memoryLimit bytes that may be taken in all
 * @param held values of the inputs beside the image
 */
export function copiesInMemory(
  files: ModelFiles,
  memoryLimit: number,
  held: HeldInputs | null,
): CopiesInMemory {
  let done: readonly File[] = [];
  const bytesOf = async (): Promise<Uint8Array> => new Uint8Array(await files.model.arrayBuffer());
  return {
    original: async () => readModel(await bytesOf(), externalDataIn(files.external)),
    draft: async (weights) =>
      readModelFiles(copyOf(await bytesOf(), files, weights, "draft.onnx"), memoryLimit, held),
    removeDraft: async () => {},
    async finish(weights, outcome) {
      const name = files.model.name.replace(
        /(\.onnx)?$/i,
        outcome === "failed" ? ".failed.onnx" : ".repaired.onnx",
      );
      const copy = copyOf(await bytesOf(), files, weights, name);
      done = [copy.model, ...copy.external];
      return { path: name, sha256: await sha256(new Uint8Array(await copy.model.arrayBuffer())) };
    },
    finished: () => done,
  };
}

function copyOf(
  bytes: Uint8Array,
  { external }: ModelFiles,
  weights: NamedWeights,
  name: string,
): ModelFiles {
  const patched = replaceWeights(bytes, weights, (_, k) => `${name}.data${k === 0 ? "" : `-${k}`}`);
  return {
    model: new File([patched.bytes], name),
    external: patched.external.map((patch) => patchedFile(external, patch)),
  };
}

/** Without reading the file: its parts are put together when they are needed. */
function patchedFile(files: readonly File[], { location, copy, parts }: ExternalPatch): File {
  const name = location.split(/[\\/]/).at(-1)!;
  // The model was read through the same name before.
  const file = files.find((each) => each.name === name)!;
  const pieces: BlobPart[] = [];
  let end = 0;
  for (const { offset, bytes } of [...parts].sort((a, b) => a.offset - b.offset)) {
    pieces.push(file.slice(end, offset), bytes);
    end = offset + bytes.byteLength;
  }
  return new File([...pieces, file.slice(end)], copy);
}
