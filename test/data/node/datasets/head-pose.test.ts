import { expect, test } from "vitest";
import { openDataSet } from "../../../../src/data/node/datasets/detect.ts";
import { datasetOf } from "../../../support/datasets.ts";

const degrees = Math.PI / 180;
const inDegrees = (labels: readonly number[]): number[] => labels.map((angle) => angle / degrees);
const near = (values: readonly number[]): unknown[] => values.map((value) => expect.closeTo(value, 4));
const small = { width: 8, height: 8, colour: [10, 20, 30] as const };

test("Columbia's names tell the angles", async () => {
  const wide = {
    width: 60,
    height: 40,
    colour: (x: number): number[] => (x >= 10 && x < 50 ? [220, 220, 220] : [0, 0, 0]),
  };
  const root = await datasetOf({
    "Columbia Gaze Data Set/0001/0001_2m_-15P_10V_-5H.jpg": wide,
    "Columbia Gaze Data Set/0056/0056_2m_0P_0V_0H.jpg": wide,
    "Columbia Gaze Data Set/0001/._0001_2m_0P_0V_0H.jpg": "left behind by a Mac",
    "Columbia Gaze Data Set/0001/cover.jpg": wide,
  });
  const dataSet = await openDataSet(root);
  expect(dataSet.samples.map(({ subject }) => subject)).toEqual(["0001", "0056"]);
  expect(inDegrees(dataSet.samples[0]!.labels)).toEqual(near([5, 10]));
  expect(dataSet.samples[1]!.labels).toEqual([0, 0]);
  expect(dataSet.skipped).toEqual([
    { file: "Columbia Gaze Data Set/0001/._0001_2m_0P_0V_0H.jpg", reason: "hidden file" },
    { file: "Columbia Gaze Data Set/0001/cover.jpg", reason: "a name that tells no angles" },
  ]);
  // The square in the middle is all white.
  const { shape, pixels } = await dataSet.load([0], { channels: 3, size: null });
  expect(shape).toEqual([1, 3, 40, 40]);
  expect(Math.min(...pixels)).toBeGreaterThan(0.7);
  const flipped = await openDataSet(root, {
    flip: ["pitch", "yaw"],
    crop: { kind: "box", left: 0.5, top: 0, width: 0.5, height: 1 },
  });
  expect(inDegrees(flipped.samples[0]!.labels)).toEqual(near([-5, -10]));
  expect((await flipped.load([0], { channels: 3, size: null })).shape).toEqual([1, 3, 40, 30]);
  const head = await openDataSet(root, { task: "head-pose" });
  expect(inDegrees(head.samples[0]!.labels)).toEqual(near([15]));
});

/** Biwi's rotation for Hopenet's angles: the transpose of Rz(-roll) Ry(-yaw) Rx(pitch), multiplied out by steps. */
function biwiRotation(yaw: number, pitch: number, roll: number): number[][] {
  const [c, s] = [Math.cos, Math.sin];
  const multiply = (a: number[][], b: number[][]): number[][] =>
    a.map((row) => [0, 1, 2].map((j) => row.reduce((sum, value, k) => sum + value * b[k]![j]!, 0)));
  const [z, y] = [-roll, -yaw];
  const aboutZ = [
    [c(z), -s(z), 0],
    [s(z), c(z), 0],
    [0, 0, 1],
  ];
  const aboutY = [
    [c(y), 0, s(y)],
    [0, 1, 0],
    [-s(y), 0, c(y)],
  ];
  const aboutX = [
    [1, 0, 0],
    [0, c(pitch), -s(pitch)],
    [0, s(pitch), c(pitch)],
  ];
  const a = multiply(multiply(aboutZ, aboutY), aboutX);
  return [0, 1, 2].map((i) => [0, 1, 2].map((j) => a[j]![i]!));
}

const poseText = (yaw: number, pitch: number, roll: number, centre: readonly number[]): string =>
  `${biwiRotation(yaw * degrees, pitch * degrees, roll * degrees)
    .map((row) => `${row.map((value) => value.toFixed(8)).join(" ")} `)
    .join("\n")}\n\n${centre.join(" ")} \n`;

test("Biwi's poses become Hopenet's angles, its images are cropped around the head", async () => {
  // fx = 500: at 1 m, 250 mm are 125 px. The colour camera stands 20 mm to the left.
  const calibration = "500 0 320\n0 500 240\n0 0 1\n\n0 0 0 0\n\n1 0 0\n0 1 0\n0 0 1\n\n20 0 0\n\n640 480\n";
  const frame = {
    width: 640,
    height: 480,
    colour: (x: number, y: number): number[] =>
      Math.abs(x - 380) < 65 && Math.abs(y - 190) < 65 ? [90, 90, 90] : [0, 0, 0],
  };
  const root = await datasetOf({
    "hpdb/01/rgb.cal": calibration,
    "hpdb/01/frame_00003_pose.txt": poseText(20, -10, 5, [100, -100, 1000]),
    "hpdb/01/frame_00003_rgb.png": frame,
    "hpdb/01/frame_00004_pose.txt": poseText(0, 0, 0, [0, 0, 1000]),
    "hpdb/02/frame_00001_pose.txt": poseText(-60, 40, -30, [0, 0, 1000]),
    "hpdb/02/frame_00001_rgb.jpg": small,
    "hpdb/02/frame_00002_pose.txt": "1 2 3\n",
    "hpdb/02/frame_00002_rgb.jpg": small,
    "hpdb/01.obj": "a mesh",
  });
  const dataSet = await openDataSet(root);
  expect(dataSet.labels.map(({ name }) => name)).toEqual(["yaw", "pitch", "roll"]);
  expect(dataSet.samples.map(({ subject }) => subject)).toEqual(["01", "02"]);
  expect(inDegrees(dataSet.samples[0]!.labels)).toEqual(near([20, -10, 5]));
  expect(inDegrees(dataSet.samples[1]!.labels)).toEqual(near([-60, 40, -30]));
  expect(dataSet.skipped).toEqual([
    { file: "hpdb/01/frame_00004_pose.txt", reason: "a pose without an image" },
    { file: "hpdb/02/frame_00002_pose.txt", reason: "a pose of 3 numbers, expected 12" },
  ]);
  expect(dataSet.notes.join()).toContain("1 sequences have no usable rgb.cal");
  // (100 + 20, -100, 1000) is seen at 500 * 0.12 + 320 = 380, 500 * -0.1 + 240 = 190.
  const { shape, pixels } = await dataSet.load([0], { channels: 1, size: null });
  expect(shape).toEqual([1, 1, 125, 125]);
  expect(Math.min(...pixels)).toBeCloseTo(90 / 255, 4);
  // Of different sizes, until they are resized.
  await expect(dataSet.load([0, 1], { channels: 3, size: null })).rejects.toMatchObject({ code: "E_IMAGES" });
  expect((await dataSet.load([1, 0], { channels: 3, size: [16, 12] })).shape).toEqual([2, 3, 16, 12]);
});

test("Biwi's cropped faces are read", async () => {
  const root = await datasetOf({
    "largeRGB/11/angles.txt":
      "00004\t-2.98\t-11.22\t2.37\t378.3\t196.8\t91.2\t-67.6\t900.1\n00005\t1\t2\t3\t0\t0\t0\t0\t0\nbroken\n",
    "largeRGB/11/frame_00004_face_rgb.png": small,
    "largeRGB/11/frame_00004_face_depth.png": small,
    "largeRGB/11/frame_00007_face_rgb.png": small,
    "largeRGB/11/frame_00005_face_gray.png": small,
  });
  const dataSet = await openDataSet(root);
  expect(dataSet.title).toMatch(/^Biwi.*cropped/);
  expect(dataSet.samples).toHaveLength(1);
  expect(dataSet.samples[0]).toMatchObject({ subject: "11", id: "largeRGB/11/frame_00004_face_rgb.png" });
  expect(inDegrees(dataSet.samples[0]!.labels)).toEqual(near([2.37, -11.22, -2.98]));
  expect(dataSet.skipped).toEqual([
    { file: "largeRGB/11/angles.txt line 2", reason: "a line whose rgb image is not there" },
    { file: "largeRGB/11/angles.txt line 3", reason: "a line without frame and three angles" },
    { file: "largeRGB/11/frame_00007_face_rgb.png", reason: "an image without a line in angles.txt" },
  ]);
  const gray = await openDataSet(root, {
    image: "gray",
    angleUnit: "radians",
    columns: ["pitch", "yaw", "roll"],
  });
  expect(gray.samples.map(({ labels }) => labels)).toEqual([[2, 1, 3]]);
});

test("Pandora's folders are five a person, and its bad frames are left out", async () => {
  const root = await datasetOf({
    "face_dataset_RGB/005/angles.txt": "000012\t1\t2\t3\t4\n",
    "face_dataset_RGB/005/frame_000012_face_rgb.png": small,
    "face_dataset_RGB/006/angles.txt": "7\t-4.5\t10\t-90\n",
    "face_dataset_RGB/006/frame_000007_face_rgb.png": small,
    "face_dataset_RGB/048/angles.txt": "139\t0\t0\t0\n140\t0\t0\t0\n",
    "face_dataset_RGB/048/frame_000139_face_rgb.png": small,
    "face_dataset_RGB/048/frame_000140_face_rgb.png": small,
  });
  const dataSet = await openDataSet(root);
  expect(dataSet.title).toMatch(/^Pandora/);
  expect(dataSet.samples.map(({ subject }) => subject)).toEqual(["00", "01", "09"]);
  expect(inDegrees(dataSet.samples[1]!.labels)).toEqual(near([-90, 10, -4.5]));
  expect(dataSet.skipped).toEqual([
    {
      file: "face_dataset_RGB/048/frame_000140_face_rgb.png",
      reason: "a range of frames that is known as bad",
    },
  ]);
});
