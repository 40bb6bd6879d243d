/**
 * Columbia Gaze: `0001/0001_2m_-15P_10V_-5H.jpg`, in degrees: P the head's yaw, V vertical and H horizontal gaze.
 *
 * H = V = 0 looks into the camera whatever P is, so gaze is relative to the camera. Signs as one public loader has them: H above
 * 0 looks to the image's right (yaw = -H), V above 0 up (pitch = V), head yaw = -P. Another says that V below 0 looks up: see the
 * contact sheet, and flip.
 */
import { angleReader, gazeLabels, inRadians } from "../../datasets/angles.ts";
import { createDataSet, type DataSet, type SkippedFile } from "../../datasets/dataset.ts";
import { squareAt } from "./crop.ts";
import type { DataSetFormat, DataSetOptions } from "./format.ts";
import { type Frame, readerOf } from "./frames.ts";
import type { FileTree } from "./tree.ts";

const frameFile = /(?:^|\/)(\d{4})_\d+m_(-?\d+)P_(-?\d+)V_(-?\d+)H\.jpe?g$/i;
const title = "Columbia Gaze";

/** The reader of this format. */
export const columbia: DataSetFormat = {
  name: "columbia",
  title,
  expects: "0001_2m_0P_0V_0H.jpg and so on",
  options: ["flip", "task", "crop"],
  matches: (files) => files.some((file) => frameFile.test(file)),
  open,
};

async function open(tree: FileTree, options: DataSetOptions): Promise<DataSet> {
  // Head pitch and roll are 0 in all of it, so that there is nothing to learn.
  const labels = options.task === "head-pose" ? ["yaw"] : gazeLabels;
  const angles = angleReader({ unit: "degrees", columns: labels, labels }, options);
  const skipped: SkippedFile[] = [...tree.hidden];
  const frames: Frame[] = [];
  for (const file of tree.files) {
    const match = frameFile.exec(file);
    if (match === null) {
      if (/\.jpe?g$/i.test(file)) skipped.push({ file, reason: "a name that tells no angles" });
      continue;
    }
    const [head, vertical, horizontal] = match.slice(2).map(Number) as [number, number, number];
    const found = options.task === "head-pose" ? [-head] : [-horizontal, vertical];
    frames.push({
      sample: { id: file, subject: match[1]!, labels: angles(found) },
      file,
      // No face boxes come with it: a square as high as the image, in its middle.
      face: (width, height) => squareAt(width / 2, height / 2, Math.min(width, height)),
    });
  }
  return createDataSet({
    title,
    labels: inRadians(labels),
    skipped,
    notes: [
      "cropped to the square in the middle: no face boxes come with it",
      "signs of the angles are disputed",
    ],
    ...readerOf(tree, frames, options.crop),
  });
}
