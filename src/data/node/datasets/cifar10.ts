/**
 * CIFAR-10, the binary and the Python version: 32 x 32 px, red, green and blue planes, row-major.
 *
 * Binary: records of 3,073 bytes, the class first. Python: pickles of a dictionary with `data`, uint8 [N, 3072], and `labels`. All of it
 * is 184 MB, which is kept in memory.
 */
import { DrmGuardError, messageOf } from "../../../errors.ts";
import { createDataSet, type DataSample, type DataSet, type SkippedFile } from "../../datasets/dataset.ts";
import { pickledText, readPickle } from "../../datasets/pickle.ts";
import type { DataSetFormat } from "./format.ts";
import { type FileTree, folderOf } from "./tree.ts";

const side = 32;
const imageBytes = 3 * side * side;
const recordBytes = imageBytes + 1;
const classes = 10;
const batchFile = /(?:^|\/)(?:data_batch_\d|test_batch)(\.bin)?$/;

/** Images of a file, one after the other, and their classes. */
interface Batch {
  readonly classes: readonly number[];
  /** The bytes of image i. */
  readonly imageOf: (i: number) => Uint8Array;
}

/** The reader of this format. */
export const cifar10: DataSetFormat = {
  name: "cifar10",
  title: "CIFAR-10",
  expects: "data_batch_1.bin or data_batch_1, to 5, and test_batch",
  options: [],
  matches: (files) => files.some((file) => batchFile.test(file)),
  open,
};

async function open(tree: FileTree): Promise<DataSet> {
  const skipped: SkippedFile[] = [...tree.hidden];
  const samples: DataSample[] = [];
  const images: (() => Uint8Array)[] = [];
  const notes: string[] = [];
  const files = tree.files.filter((path) => batchFile.test(path));
  for (const file of files) {
    let batch: Batch;
    try {
      const bytes = await tree.bytes(file);
      batch = file.endsWith(".bin") ? readBinary(bytes) : readPython(file, bytes);
    } catch (error) {
      skipped.push({ file, reason: messageOf(error) });
      continue;
    }
    notes.push(`${file}: ${batch.classes.length} images`);
    batch.classes.forEach((label, i) => {
      if (!(Number.isInteger(label) && label >= 0 && label < classes)) {
        skipped.push({ file: `${file}#${i}`, reason: `a class that is none of 0 to ${classes - 1}` });
        return;
      }
      samples.push({ id: `${file}#${i}`, subject: null, labels: [label] });
      images.push(() => batch.imageOf(i));
    });
  }
  const names = await classNames(tree, folderOf(files[0]!));
  return createDataSet({
    title: "CIFAR-10",
    labels: [{ name: "class", unit: "class" }],
    samples,
    skipped,
    notes: [...notes, ...(names === null ? [] : [`classes: ${names.join(", ")}`])],
    async *read(indices) {
      for (const [at, index] of indices.entries()) {
        const pixels = Float32Array.from(images[index]!(), (byte) => byte / 255);
        yield { at, image: { name: samples[index]!.id, channels: 3, height: side, width: side, pixels } };
      }
    },
  });
}

function readBinary(bytes: Uint8Array): Batch {
  if (bytes.byteLength === 0 || bytes.byteLength % recordBytes !== 0) {
    throw new DrmGuardError(
      "E_IMAGES",
      `found ${bytes.byteLength} bytes, expected a multiple of ${recordBytes}`,
    );
  }
  const count = bytes.byteLength / recordBytes;
  return {
    classes: Array.from({ length: count }, (_, i) => bytes[i * recordBytes]!),
    imageOf: (i) => bytes.subarray(i * recordBytes + 1, (i + 1) * recordBytes),
  };
}

function readPython(file: string, bytes: Uint8Array): Batch {
  const batch = readPickle(file, bytes);
  const data = batch instanceof Map ? batch.get("data") : null;
  const labels = batch instanceof Map ? batch.get("labels") : null;
  const isArray = typeof data === "object" && data !== null && "kind" in data;
  const count = Array.isArray(labels) ? labels.length : -1;
  if (
    !isArray ||
    data.dims.length !== 2 ||
    data.dims[0] !== count ||
    data.dims[1] !== imageBytes ||
    data.dtype !== "u1" ||
    data.bytes.byteLength !== count * imageBytes
  ) {
    const found = isArray ? `data of ${data.dtype} [${data.dims.join(", ")}]` : "no data";
    throw new DrmGuardError(
      "E_IMAGES",
      `found ${found} and ${count < 0 ? "no" : count} labels, expected u1 [N, ${imageBytes}] and N labels`,
    );
  }
  return {
    classes: (labels as unknown[]).map(Number),
    imageOf: (i) =>
      data.isFortran
        ? Uint8Array.from({ length: imageBytes }, (_, k) => data.bytes[k * count + i]!)
        : data.bytes.subarray(i * imageBytes, (i + 1) * imageBytes),
  };
}

/** The names of the classes; null where they are not there or cannot be read. */
async function classNames(tree: FileTree, folder: string): Promise<string[] | null> {
  const [text, pickle] = [`${folder}batches.meta.txt`, `${folder}batches.meta`];
  if (tree.has(text)) return (await tree.text(text)).split(/\s+/).filter((name) => name !== "");
  if (!tree.has(pickle)) return null;
  try {
    const meta = readPickle(pickle, await tree.bytes(pickle));
    const names = meta instanceof Map ? meta.get("label_names") : null;
    return Array.isArray(names) ? names.map((name) => pickledText(name) ?? "?") : null;
  } catch (error) {
    // Names are for people only: what cannot be read is said in the place of the names.
    return [messageOf(error)];
  }
}
