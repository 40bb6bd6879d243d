/**
 * Cropped faces with an `angles.txt` in each folder, as Biwi's and Pandora's crops come: lines of frame, roll, pitch, yaw in degrees,
 * then more, separated by tabs.
 */
import { angleReader, headPoseLabels, inRadians, readNumbers } from "../../datasets/angles.ts";
import { createDataSet, type DataSet, type SkippedFile } from "../../datasets/dataset.ts";
import type { DataSetFormat, DataSetOptions } from "./format.ts";
import { type Frame, readerOf } from "./frames.ts";
import { type FileTree, folderOf } from "./tree.ts";

/** What sets one such data set apart from another. */
interface CroppedFaces {
  readonly name: string;
  readonly title: string;
  readonly expects: string;
  /** Digits of a frame's number. */
  readonly digits: number;
  /** Who is in a folder. */
  readonly subjectOf: (folder: number) => string;
  readonly isBad: (folder: number, frame: number) => boolean;
  readonly notes: readonly string[];
}

const angleFile = /(?:^|\/)(\d+)\/angles\.txt$/;

function formatOf(faces: CroppedFaces): DataSetFormat {
  const { name, title, expects, digits } = faces;
  const image = new RegExp(`(?:^|/)\\d+/frame_\\d{${digits}}_face_(rgb|gray)\\.png$`);
  return {
    name,
    title,
    expects,
    options: ["angleUnit", "columns", "flip", "crop", "image"],
    matches: (files) => files.some((file) => angleFile.test(file)) && files.some((file) => image.test(file)),
    open: (tree, options) => open(faces, tree, options, image),
  };
}

async function open(
  { title, digits, subjectOf, isBad, notes }: CroppedFaces,
  tree: FileTree,
  options: DataSetOptions,
  image: RegExp,
): Promise<DataSet> {
  const angles = angleReader(
    { unit: "degrees", columns: ["roll", "pitch", "yaw"], labels: headPoseLabels },
    options,
  );
  const images = tree.files.filter((file) => image.test(file));
  const kind = options.image ?? (images.some((file) => file.endsWith("_rgb.png")) ? "rgb" : "gray");
  const unused = new Set(images.filter((file) => file.endsWith(`_${kind}.png`)));
  const skipped: SkippedFile[] = [...tree.hidden];
  const frames: Frame[] = [];
  for (const path of tree.files) {
    const match = angleFile.exec(path);
    if (match === null) continue;
    const folder = Number(match[1]);
    for (const [i, line] of (await tree.text(path)).split(/\r?\n/).entries()) {
      if (line.trim() === "") continue;
      const numbers = readNumbers(line);
      const place = `${path} line ${i + 1}`;
      if (numbers === null || numbers.length < 4) {
        skipped.push({ file: place, reason: "a line without frame and three angles" });
        continue;
      }
      const frame = String(numbers[0]).padStart(digits, "0");
      const file = `${folderOf(path)}frame_${frame}_face_${kind}.png`;
      if (isBad(folder, numbers[0]!))
        skipped.push({ file, reason: "a range of frames that is known as bad" });
      else if (!tree.has(file))
        skipped.push({ file: place, reason: `a line whose ${kind} image is not there` });
      else {
        const labels = angles(numbers.slice(1, 4));
        frames.push({ sample: { id: file, subject: subjectOf(folder), labels }, file });
      }
      unused.delete(file);
    }
  }
  for (const file of unused) skipped.push({ file, reason: "an image without a line in angles.txt" });
  return createDataSet({
    title,
    labels: inRadians(headPoseLabels),
    skipped,
    notes: [`the ${kind} images`, ...notes],
    ...readerOf(tree, frames, options.crop),
  });
}

/** The reader of Biwi's cropped faces. Subjects are sequences. */
export const biwiCropped: DataSetFormat = formatOf({
  name: "biwi-cropped",
  title: "Biwi Kinect Head Pose (cropped faces)",
  expects: "01/angles.txt with 01/frame_00003_face_rgb.png (five digits)",
  digits: 5,
  subjectOf: (folder) => String(folder).padStart(2, "0"),
  isBad: () => false,
  notes: ["subjects are sequences: 24 of 20 people, so that a person may have two"],
});

/** Folder, first and last frame that a public loader leaves out. @see https://github.com/flpgrz/discriminative-depth-estimation-icb18 */
const badInPandora: readonly (readonly [folder: number, first: number, last: number])[] = [
  [48, 140, 319],
  [48, 764, 809],
  [49, 0, 1420],
  [66, 623, 674],
  [66, 810, 822],
  [69, 0, 1403],
  [70, 1623, 1641],
  [70, 1698, 1709],
  [70, 2010, 2020],
  [80, 710, 730],
  [80, 932, 980],
  [96, 396, 426],
  [96, 1416, 1437],
  [96, 1817, 1859],
  [96, 1896, 1935],
  [97, 39, 57],
  [97, 113, 139],
  [97, 173, 206],
  [97, 809, 837],
  [97, 1102, 1127],
  [98, 112, 140],
  [98, 319, 350],
  [98, 386, 423],
  [98, 512, 551],
  [98, 687, 712],
  [98, 836, 861],
  [98, 1434, 1484],
  [98, 1527, 1605],
  [100, 18, 44],
  [100, 260, 315],
  [100, 386, 424],
  [100, 593, 602],
  [100, 1006, 1042],
  [100, 1096, 1121],
  [100, 1287, 1371],
  [100, 1822, 1845],
];

/** The reader of Pandora's cropped faces: folders 1 to 100 are five sequences each of 20 people. */
export const pandoraCropped: DataSetFormat = formatOf({
  name: "pandora-cropped",
  title: "Pandora (cropped faces)",
  expects: "001/angles.txt with 001/frame_000001_face_rgb.png (six digits)",
  digits: 6,
  subjectOf: (folder) => String(Math.floor((folder - 1) / 5)).padStart(2, "0"),
  isBad: (folder, frame) =>
    badInPandora.some(([bad, first, last]) => folder === bad && frame >= first && frame <= last),
  notes: ["subjects are people, from 0: five folders each"],
});
