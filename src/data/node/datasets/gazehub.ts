/**
 * MPIIFaceGaze in GazeHub's layout: `Label/p00.label` and `Image/p00/face/1.jpg`.
 *
 * A label file has a header; then columns separated by blanks: 0 the face's path, 5 the gaze direction "x,y,z", 7 gaze "a,b" and
 * 8 head "a,b", radians. Public code disagrees on whether a is yaw or pitch, so the direction decides.
 */
import { angleReader, gazeLabels, inRadians } from "../../datasets/angles.ts";
import { createDataSet, type DataSet, type SkippedFile } from "../../datasets/dataset.ts";
import { gazeAngles, type Vector } from "../../datasets/directions.ts";
import type { DataSetFormat, DataSetOptions } from "./format.ts";
import { type Frame, readerOf } from "./frames.ts";
import type { FileTree } from "./tree.ts";

const labelFile = /(^|\/)([^/]+)\.label$/;
const title = "MPIIFaceGaze (GazeHub layout)";
/** Directions and angles agree to the digits that the files keep; another convention is off by far more. */
const agreement = 0.02;
/** Each search goes through all files; with no image of the first hundred there will be none of the rest. */
const mostSearches = 100;

/** A line that was understood. */
interface Row {
  readonly file: string;
  readonly subject: string;
  readonly direction: Vector | null;
  readonly gaze: readonly [number, number];
  readonly head: readonly [number, number] | null;
}

/** The reader of this format. */
export const gazeHub: DataSetFormat = {
  name: "gazehub",
  title,
  expects: "Label/p00.label with Image/p00/face/1.jpg",
  options: ["angleUnit", "columns", "flip", "task", "crop"],
  matches: (files) => files.some((file) => labelFile.test(file)),
  open,
};

async function open(tree: FileTree, options: DataSetOptions): Promise<DataSet> {
  const skipped: SkippedFile[] = [...tree.hidden];
  const rows = await readRows(tree, skipped);
  const order = options.columns === null ? orderOf(rows) : { columns: options.columns, note: "as asked for" };
  const angles = angleReader(
    { unit: "radians", columns: gazeLabels, labels: gazeLabels },
    { ...options, columns: order.columns },
  );
  const frames: Frame[] = [];
  for (const row of rows) {
    const pair = options.task === "head-pose" ? row.head : row.gaze;
    if (pair === null) skipped.push({ file: row.file, reason: "no head pose in column 8" });
    else
      frames.push({ sample: { id: row.file, subject: row.subject, labels: angles(pair) }, file: row.file });
  }
  return createDataSet({
    title,
    labels: inRadians(gazeLabels),
    skipped,
    notes: [`the files' order of angles is ${order.columns.join(", ")}: ${order.note}`],
    ...readerOf(tree, frames, options.crop),
  });
}

async function readRows(tree: FileTree, skipped: SkippedFile[]): Promise<Row[]> {
  const rows: Row[] = [];
  // The folder that faces' paths begin in, such as Image/; found by the first face that is there.
  let base: string | null = null;
  let searches = 0;
  for (const file of tree.files.filter((path) => labelFile.test(path))) {
    const subject = labelFile.exec(file)![2]!;
    const lines = (await tree.text(file)).split(/\r?\n/);
    for (const [i, line] of lines.entries()) {
      // The first line names the columns.
      if (i === 0 || line.trim() === "") continue;
      const cells = line.trim().split(/\s+/);
      const face = (cells[0] ?? "").replaceAll("\\", "/");
      const gaze = numbersOf(cells[7], 2);
      if (base === null && searches++ < mostSearches)
        base = tree.files.find((path) => `/${path}`.endsWith(`/${face}`))?.slice(0, -face.length) ?? null;
      const image = (base ?? "") + face;
      const place = `${file} line ${i + 1}`;
      if (gaze === null) skipped.push({ file: place, reason: "a line without two numbers in column 7" });
      else if (!tree.has(image)) skipped.push({ file: place, reason: "a line whose image is not there" });
      else {
        const direction = numbersOf(cells[5], 3) as Vector | null;
        const head = numbersOf(cells[8], 2) as [number, number] | null;
        rows.push({ file: image, subject, direction, gaze: gaze as [number, number], head });
      }
    }
  }
  return rows;
}

function numbersOf(cell: string | undefined, count: number): number[] | null {
  const parts = (cell ?? "").split(",");
  const numbers = parts.map(Number);
  return parts.length === count && parts.every((part) => part !== "") && numbers.every(Number.isFinite)
    ? numbers
    : null;
}

/** The order that agrees with the directions. */
function orderOf(rows: readonly Row[]): { columns: readonly string[]; note: string } {
  const yawFirst = { columns: ["yaw", "pitch"], error: 0 };
  const pitchFirst = { columns: ["pitch", "yaw"], error: 0 };
  const known = rows.filter(({ direction }) => direction !== null && Math.hypot(...direction) > 0);
  for (const { direction, gaze } of known) {
    const [yaw, pitch] = gazeAngles(direction!);
    yawFirst.error += (Math.abs(gaze[0] - yaw) + Math.abs(gaze[1] - pitch)) / known.length;
    pitchFirst.error += (Math.abs(gaze[0] - pitch) + Math.abs(gaze[1] - yaw)) / known.length;
  }
  if (known.length === 0) {
    // What the authors of this layout say; see the file's head.
    return { columns: yawFirst.columns, note: "a guess, for column 5 has no directions; set the columns" };
  }
  const best = yawFirst.error <= pitchFirst.error ? yawFirst : pitchFirst;
  const error = `${best.error.toFixed(4)} rad from the directions in column 5`;
  return best.error < agreement
    ? { columns: best.columns, note: error }
    : {
        columns: best.columns,
        note: `doubtful, ${error}; signs or order may differ: set the columns and flip`,
      };
}
