/**
 * Biwi Kinect Head Pose, original: `01/frame_00003_rgb.png` with `frame_00003_pose.txt` and `rgb.cal`.
 *
 * A pose is a 3x3 rotation, and the head's centre in mm in the depth camera's frame. `rgb.cal` is the colour camera: 3x3
 * intrinsics, 4 distortions, 3x3 rotation, translation, size. Angles are Hopenet's.
 */
import { angleReader, headPoseLabels, inRadians, readNumbers } from "../../datasets/angles.ts";
import { createDataSet, type DataSet, type SkippedFile } from "../../datasets/dataset.ts";
import { hopenetAngles, type Matrix, rotate, type Vector } from "../../datasets/directions.ts";
import { type Box, squareAt } from "./crop.ts";
import type { DataSetFormat, DataSetOptions } from "./format.ts";
import { type Frame, readerOf } from "./frames.ts";
import { type FileTree, folderOf } from "./tree.ts";

const poseFile = /(?:^|\/)(\d{1,2})\/frame_\d{5}_pose\.txt$/;
const title = "Biwi Kinect Head Pose (original)";
/** The side of the square around the head's centre, mm: a head with some air. */
const headSide = 250;

/** The reader of this format. */
export const biwi: DataSetFormat = {
  name: "biwi",
  title,
  expects: "01/frame_00003_pose.txt with frame_00003_rgb.png, and 01/rgb.cal",
  options: ["flip", "crop"],
  matches: (files) => files.some((file) => poseFile.test(file)),
  open,
};

/** The colour camera of a sequence. */
interface Camera {
  readonly intrinsics: Matrix;
  readonly rotation: Matrix;
  readonly translation: Vector;
}

async function open(tree: FileTree, options: DataSetOptions): Promise<DataSet> {
  const angles = angleReader({ unit: "radians", columns: headPoseLabels, labels: headPoseLabels }, options);
  const skipped: SkippedFile[] = [...tree.hidden];
  const frames: Frame[] = [];
  const cameras = new Map<string, Camera | null>();
  for (const file of tree.files) {
    const match = poseFile.exec(file);
    if (match === null) continue;
    const stem = file.slice(0, -"pose.txt".length);
    const image = ["rgb.png", "rgb.jpg"].map((end) => stem + end).find((path) => tree.has(path));
    const numbers = readNumbers(await tree.text(file));
    if (image === undefined) skipped.push({ file, reason: "a pose without an image" });
    else if (numbers?.length !== 12) {
      const found = numbers === null ? "something that is no number" : `${numbers.length} numbers`;
      skipped.push({ file, reason: `a pose of ${found}, expected 12` });
    } else {
      const folder = folderOf(file);
      if (!cameras.has(folder)) cameras.set(folder, await readCamera(tree, `${folder}rgb.cal`));
      const face = faceOf(numbers, cameras.get(folder)!);
      const sample = { id: image, subject: match[1]!, labels: angles(hopenetAngles(matrixAt(numbers, 0))) };
      frames.push({ sample, file: image, ...(face === null ? {} : { face: () => face }) });
    }
  }
  const blind = [...cameras].filter(([, camera]) => camera === null).length;
  return createDataSet({
    title,
    labels: inRadians(headPoseLabels),
    skipped,
    notes: [
      "subjects are sequences: 24 of 20 people, so that a person may have two",
      ...(blind > 0 ? [`${blind} sequences have no usable rgb.cal: their images are taken whole`] : []),
    ],
    ...readerOf(tree, frames, options.crop),
  });
}

const vectorAt = (numbers: readonly number[], i: number): Vector => [
  numbers[i]!,
  numbers[i + 1]!,
  numbers[i + 2]!,
];
const matrixAt = (numbers: readonly number[], i: number): Matrix => [
  vectorAt(numbers, i),
  vectorAt(numbers, i + 3),
  vectorAt(numbers, i + 6),
];

async function readCamera(tree: FileTree, file: string): Promise<Camera | null> {
  const numbers = tree.has(file) ? readNumbers(await tree.text(file)) : null;
  // Intrinsics, distortion, rotation and translation; the size follows.
  if (numbers === null || numbers.length < 25) return null;
  return {
    intrinsics: matrixAt(numbers, 0),
    rotation: matrixAt(numbers, 13),
    translation: vectorAt(numbers, 22),
  };
}

/** The square around the head's centre as the colour camera sees it, px. */
function faceOf(pose: readonly number[], camera: Camera | null): Box | null {
  if (camera === null) return null;
  const seen = rotate(camera.rotation, vectorAt(pose, 9));
  const [x, y, z] = seen.map((value, i) => value + camera.translation[i]!) as [number, number, number];
  if (z <= 0) return null;
  const [fx, , cx] = camera.intrinsics[0];
  const [, fy, cy] = camera.intrinsics[1];
  return squareAt((fx * x) / z + cx, (fy * y) / z + cy, (headSide * fx) / z);
}
