/**
 * MPIIFaceGaze as first released: `p00/p00.txt` to `p14/p14.txt` beside frames of whole webcam images.
 *
 * A line has 28 fields: the image; the gaze point on the screen (2, px); six landmarks (12, px); the head's rotation vector and
 * translation (6); the centre of the face (3); the gaze target (3), both in the camera's frame; the eye of the evaluation subset.
 * The gaze direction is target minus centre. Images are cropped, not rotated: labels stay in the camera's frame.
 */
import { angleReader, gazeLabels, inRadians } from "../../datasets/angles.ts";
import { createDataSet, type DataSet, type SkippedFile } from "../../datasets/dataset.ts";
import { gazeAngles, headAngles, type Vector } from "../../datasets/directions.ts";
import { type Box, squareAt } from "./crop.ts";
import type { DataSetFormat, DataSetOptions } from "./format.ts";
import { type Frame, readerOf } from "./frames.ts";
import { type FileTree, folderOf } from "./tree.ts";

const personFile = /(^|\/)(p\d{2})\/\2\.txt$/;
const fields = 28;
/** The face is so many times as large as what its landmarks span, from eye corner to eye corner and down to the mouth. */
const faceOverLandmarks = 2;
const title = "MPIIFaceGaze (original)";

/** The reader of this format. */
export const mpiiOriginal: DataSetFormat = {
  name: "mpiifacegaze",
  title,
  expects: "p00/p00.txt to p14/p14.txt beside dayNN/*.jpg",
  options: ["flip", "task", "crop"],
  matches: (files) => files.some((file) => personFile.test(file)),
  open,
};

async function open(tree: FileTree, options: DataSetOptions): Promise<DataSet> {
  const angles = angleReader({ unit: "radians", columns: gazeLabels, labels: gazeLabels }, options);
  const skipped: SkippedFile[] = [...tree.hidden];
  const frames: Frame[] = [];
  for (const file of tree.files.filter((path) => personFile.test(path))) {
    const subject = personFile.exec(file)![2]!;
    for (const [i, line] of (await tree.text(file)).split(/\r?\n/).entries()) {
      if (line.trim() === "") continue;
      const found = readLine(line, folderOf(file));
      if (typeof found === "string" || !tree.has(found.image)) {
        const reason = typeof found === "string" ? found : "a line whose image is not there";
        skipped.push({ file: `${file} line ${i + 1}`, reason });
        continue;
      }
      const { image, numbers } = found;
      const pair = options.task === "head-pose" ? headAngles(at(numbers, 14)) : gazeOf(numbers);
      frames.push({
        sample: { id: image, subject, labels: angles(pair) },
        file: image,
        face: () => faceOf(numbers),
      });
    }
  }
  return createDataSet({
    title,
    labels: inRadians(gazeLabels),
    skipped,
    notes: [
      "whole frames, cropped to a square around the landmarks; gaze in the camera's frame, not normalised",
    ],
    ...readerOf(tree, frames, options.crop),
  });
}

/** The numbers of a line, without the path and the eye; or why there are none. */
function readLine(line: string, folder: string): { image: string; numbers: number[] } | string {
  const cells = line.trim().split(/\s+/);
  if (cells.length !== fields) return `a line of ${cells.length} fields, expected ${fields}`;
  const numbers = cells.slice(1, -1).map(Number);
  if (!numbers.every(Number.isFinite)) return "a line with a field that is no number";
  return { image: folder + cells[0]!, numbers };
}

const at = (numbers: readonly number[], i: number): Vector => [numbers[i]!, numbers[i + 1]!, numbers[i + 2]!];

function gazeOf(numbers: readonly number[]): [number, number] {
  const [centre, target] = [at(numbers, 20), at(numbers, 23)];
  return gazeAngles([target[0] - centre[0], target[1] - centre[1], target[2] - centre[2]]);
}

function faceOf(numbers: readonly number[]): Box {
  const landmarks = numbers.slice(2, 14);
  const middleAndSpan = (values: readonly number[]): [number, number] => {
    const [least, most] = [Math.min(...values), Math.max(...values)];
    return [(least + most) / 2, most - least];
  };
  const [x, width] = middleAndSpan(landmarks.filter((_, i) => i % 2 === 0));
  const [y, height] = middleAndSpan(landmarks.filter((_, i) => i % 2 === 1));
  return squareAt(x, y, faceOverLandmarks * Math.max(width, height));
}
