/**
 * MPIIFaceGaze, normalised: `p00.mat` to `p14.mat`, MATLAB 7.3, which is HDF5 behind 512 bytes.
 *
 * `Data/data` is [N, 3, H, W] as HDF5 sees it, upright, channels B, G, R; `Data/label` is [N, 4 or more]: gaze pitch and yaw, head
 * pitch and yaw, radians, then landmarks. A person has 3,000 images of 448 x 448: 7 GB as floats, so they are read in slabs.
 */
import { DrmGuardError, messageOf } from "../../../errors.ts";
import { angleReader, gazeLabels, inRadians } from "../../datasets/angles.ts";
import { createDataSet, type DataSample, type DataSet, type SkippedFile } from "../../datasets/dataset.ts";
import type { PlanarImage } from "../../planar-image.ts";
import type { DataSetFormat, DataSetOptions } from "./format.ts";
import { type Hdf5Array, type Hdf5File, withHdf5 } from "./hdf5.ts";
import type { FileTree } from "./tree.ts";

const personFile = /(^|\/)(p\d{2})\.mat$/;
/** Rows that are read at once: 16 of 448 x 448 are 10 MB of bytes, or 77 MB of doubles. */
const slabRows = 16;
const title = "MPIIFaceGaze (normalised .mat)";

/** A person's file, checked. */
interface PersonFile {
  readonly file: string;
  readonly height: number;
  readonly width: number;
  /** What white is in it. */
  readonly white: 1 | 255;
  readonly labels: readonly (readonly number[])[];
}

/** The reader of this format. */
export const mpiiNormalised: DataSetFormat = {
  name: "mpiifacegaze-normalised",
  title,
  expects: "p00.mat to p14.mat (MATLAB 7.3)",
  options: ["angleUnit", "columns", "flip", "task", "channelOrder"],
  matches: (files) => files.some((file) => personFile.test(file)),
  open,
};

async function open(tree: FileTree, options: DataSetOptions): Promise<DataSet> {
  const angles = angleReader({ unit: "radians", columns: ["pitch", "yaw"], labels: gazeLabels }, options);
  // Columns 0 and 1 are gaze, 2 and 3 the head.
  const first = options.task === "head-pose" ? 2 : 0;
  const skipped: SkippedFile[] = [...tree.hidden];
  const samples: DataSample[] = [];
  const places: { person: PersonFile; row: number }[] = [];
  const notes: string[] = [];
  for (const file of tree.files.filter((path) => personFile.test(path))) {
    const found = await examine(tree, file);
    if ("reason" in found) {
      skipped.push(found);
      continue;
    }
    const subject = personFile.exec(file)![2]!;
    notes.push(
      `${subject}: ${found.labels.length} images of ${found.height}x${found.width}, white is ${found.white}`,
    );
    found.labels.forEach((row, i) => {
      const pair = row.slice(first, first + 2);
      if (!pair.every(Number.isFinite)) {
        skipped.push({ file: `${file}#${i}`, reason: "a label that is no finite number" });
        return;
      }
      samples.push({ id: `${file}#${i}`, subject, labels: angles(pair) });
      places.push({ person: found, row: i });
    });
  }
  const order = options.channelOrder ?? "bgr";
  return createDataSet({
    title,
    labels: inRadians(gazeLabels),
    samples,
    skipped,
    notes: [...notes, `channels in the files are taken to be ${order}`],
    read: (indices) =>
      readSlabs(
        tree,
        indices.map((index) => places[index]!),
        order,
      ),
  });
}

/** Checks a person's file and reads its labels. */
async function examine(tree: FileTree, file: string): Promise<PersonFile | SkippedFile> {
  try {
    return await withHdf5(tree.pathOf(file), (source) => {
      const images = imagesOf(source);
      const labels = source.array("Data/label");
      const [count, , height, width] = images.shape as [number, number, number, number];
      const [rows, columns] = labels.shape as [number, number];
      if (labels.shape.length !== 2 || rows !== count || columns < 4) {
        throw new DrmGuardError(
          "E_LABELS",
          `found Data/label of [${labels.shape.join(", ")}], expected [${count}, 4 or more]`,
        );
      }
      const values = labels.rows(0, rows);
      return {
        file,
        height,
        width,
        white: whiteOf(images),
        labels: Array.from({ length: rows }, (_, i) =>
          Array.from(values.subarray(i * columns, i * columns + 4)),
        ),
      };
    });
  } catch (error) {
    return { file, reason: messageOf(error) };
  }
}

function imagesOf(source: Hdf5File): Hdf5Array {
  const images = source.array("Data/data");
  if (images.shape.length !== 4 || images.shape[1] !== 3 || images.shape[0] === 0) {
    throw new DrmGuardError(
      "E_IMAGES",
      `found Data/data of [${images.shape.join(", ")}], expected [N, 3, H, W]`,
    );
  }
  return images;
}

/** Bytes, or floats up to 255, or floats up to 1: the release does not promise which. */
function whiteOf(images: Hdf5Array): 1 | 255 {
  const values = images.rows(0, Math.min(slabRows, images.shape[0]!));
  let least = Number.POSITIVE_INFINITY;
  let most = Number.NEGATIVE_INFINITY;
  for (const value of values) {
    least = Math.min(least, value);
    most = Math.max(most, value);
  }
  if (images.isBytes) return 255;
  if (least >= 0 && most <= 1) return 1;
  if (least >= 0 && most <= 255) return 255;
  throw new DrmGuardError(
    "E_IMAGES",
    `found images with values from ${least} to ${most}, expected 0 to 1 or 0 to 255`,
  );
}

async function* readSlabs(
  tree: FileTree,
  places: readonly { readonly person: PersonFile; readonly row: number }[],
  order: "rgb" | "bgr",
): AsyncGenerator<{ at: number; image: PlanarImage }> {
  const byFile = new Map<PersonFile, { at: number; row: number }[]>();
  for (const [at, { person, row }] of places.entries()) {
    const wanted = byFile.get(person) ?? [];
    byFile.set(person, wanted);
    wanted.push({ at, row });
  }
  for (const [person, wanted] of byFile) {
    wanted.sort((a, b) => a.row - b.row);
    for (let next = 0; next < wanted.length; ) {
      const first = wanted[next]!.row;
      let end = next + 1;
      // Rows that follow each other, or the same row again, come with one read.
      while (
        end < wanted.length &&
        wanted[end]!.row <= wanted[end - 1]!.row + 1 &&
        wanted[end]!.row < first + slabRows
      )
        end++;
      const last = wanted[end - 1]!.row;
      const slab = await withHdf5(tree.pathOf(person.file), (source) =>
        imagesOf(source).rows(first, last + 1),
      );
      for (const { at, row } of wanted.slice(next, end))
        yield { at, image: imageIn(slab, row - first, person, order, `${person.file}#${row}`) };
      next = end;
    }
  }
}

function imageIn(
  slab: ArrayLike<number>,
  row: number,
  { height, width, white }: PersonFile,
  order: "rgb" | "bgr",
  name: string,
): PlanarImage {
  const area = height * width;
  const pixels = new Float32Array(3 * area);
  for (let c = 0; c < 3; c++) {
    const from = (row * 3 + (order === "bgr" ? 2 - c : c)) * area;
    for (let i = 0; i < area; i++) pixels[c * area + i] = slab[from + i]! / white;
  }
  return { name, channels: 3, height, width, pixels };
}
