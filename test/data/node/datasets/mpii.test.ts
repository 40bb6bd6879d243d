import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openDataSet } from "../../../../src/data/node/datasets/detect.ts";
import { addReference, datasetOf } from "../../../support/datasets.ts";

const degrees = Math.PI / 180;

/** What tools/make-dataset-references.py wrote: channel c of image n, in the order B, G, R. */
const stored = (n: number, c: number, y: number, x: number): number => (60 * n + 20 * c + 5 * y + x) % 256;
const labelAt = (n: number, k: number): number => (n - 2) / 10 + k / 100;

test.each(["mpii_bytes.mat", "mpii_doubles.mat", "mpii_unit.mat"])(
  "MATLAB 7.3 files are read: %s",
  async (reference) => {
    const root = await datasetOf({});
    addReference(root, reference, "MPIIFaceGaze_normalizad/p03.mat");
    addReference(root, reference, "MPIIFaceGaze_normalizad/p00.mat");
    const dataSet = await openDataSet(root);
    expect(dataSet.samples.map(({ subject }) => subject)).toEqual([
      ...Array(5).fill("p00"),
      ...Array(5).fill("p03"),
    ]);
    expect(dataSet.labels).toEqual([
      { name: "yaw", unit: "radians" },
      { name: "pitch", unit: "radians" },
    ]);
    expect(dataSet.skipped).toEqual([]);
    // Out of order, across slabs and files, and twice the same.
    const indices = [9, 0, 4, 1, 0];
    const { shape, pixels, labels } = await dataSet.load(indices, { channels: 3, size: null });
    expect(shape).toEqual([5, 3, 4, 6]);
    indices.forEach((index, i) => {
      const n = index % 5;
      // The file has pitch first.
      expect(labels![2 * i]).toBeCloseTo(labelAt(n, 1), 6);
      expect(labels![2 * i + 1]).toBeCloseTo(labelAt(n, 0), 6);
      for (let c = 0; c < 3; c++)
        for (let y = 0; y < 4; y++)
          for (let x = 0; x < 6; x++) {
            const found = pixels[((i * 3 + c) * 4 + y) * 6 + x]! * 255;
            expect(found).toBeCloseTo(stored(n, 2 - c, y, x), 3);
          }
    });
  },
);

test("options of MATLAB 7.3 files", async () => {
  const root = await datasetOf({});
  addReference(root, "mpii_bytes.mat", "p00.mat");
  const options = {
    task: "head-pose",
    columns: ["yaw", "pitch"],
    flip: ["pitch"],
    channelOrder: "rgb",
  } as const;
  const dataSet = await openDataSet(join(root, "p00.mat"), options);
  const [yaw, pitch] = dataSet.samples[4]!.labels;
  expect(yaw).toBeCloseTo(labelAt(4, 2), 12);
  expect(pitch).toBeCloseTo(-labelAt(4, 3), 12);
  const { pixels } = await dataSet.load([0], { channels: 3, size: null });
  expect(pixels[0]! * 255).toBeCloseTo(stored(0, 0, 0, 0), 4);
  const inDegrees = await openDataSet(root, { angleUnit: "degrees" });
  expect(inDegrees.samples[4]!.labels[0]).toBeCloseTo(labelAt(4, 1) * degrees, 12);
});

test("a person's file that is broken is skipped, and said", async () => {
  const root = await datasetOf({ "p01.mat": "MATLAB 5.0 MAT-file, or anything" });
  await expect(openDataSet(root)).rejects.toMatchObject({
    code: "E_IMAGES",
    message: /p01\.mat: no HDF5 file/,
  });
  addReference(root, "mpii_bytes.mat", "p00.mat");
  const dataSet = await openDataSet(root);
  expect(dataSet.samples).toHaveLength(5);
  expect(dataSet.skipped).toMatchObject([
    { file: "p01.mat", reason: /^no HDF5 file.*MATLAB 7\.3: file signature not found/ },
  ]);
});

test("a person's file that is cut short, damaged inside, or of another shape is skipped", async () => {
  const root = await datasetOf({});
  addReference(root, "mpii_bytes.mat", "p00.mat");
  const whole = readFileSync(join(root, "p00.mat"));
  writeFileSync(join(root, "p01.mat"), whole.subarray(0, -500));
  addReference(root, "mpii_without_labels.mat", "p02.mat");
  addReference(root, "mpii_other_shape.mat", "p03.mat");
  // What deflate wrote begins with 0x78 0x5e; its end is spoilt in every chunk of images.
  const spoilt = Buffer.from(whole);
  let chunk = spoilt.indexOf("\x78\x5e", 0, "latin1");
  for (; chunk >= 0; chunk = spoilt.indexOf("\x78\x5e", chunk + 2, "latin1"))
    spoilt.fill(0xff, chunk + 2, chunk + 12);
  writeFileSync(join(root, "p04.mat"), spoilt);
  const dataSet = await openDataSet(root);
  expect(dataSet.samples).toHaveLength(5);
  expect(dataSet.skipped).toEqual([
    { file: "p01.mat", reason: expect.stringMatching(/truncated file/) },
    { file: "p02.mat", reason: "found Data, expected an array Data/label" },
    { file: "p03.mat", reason: "found Data/data of [5, 4, 6], expected [N, 3, H, W]" },
    { file: "p04.mat", reason: expect.stringMatching(/^damaged in Data\/(label|data): /) },
  ]);
});

/** A line of pXX.txt, from what it means. */
function lineOf(image: string, target: readonly number[], rotation: readonly number[] = [0, 0, 0]): string {
  const landmarks = [40, 50, 48, 50, 52, 50, 60, 50, 44, 66, 56, 66];
  const centre = [10, -20, 600];
  return [image, 700, 400, ...landmarks, ...rotation, 1, 2, 600, ...centre, ...target, "left"].join(" ");
}

test("original frames are read: gaze from centre to target, cropped around the landmarks", async () => {
  const face = (x: number, y: number): number[] =>
    x >= 30 && x < 70 && y >= 38 && y < 78 ? [200, 100, 50] : [0, 0, 0];
  const frame = { width: 100, height: 90, colour: face };
  const root = await datasetOf({
    "MPIIFaceGaze/p00/p00.txt": [
      // To the camera; to the image's left by 45 degrees; up by 45 degrees.
      lineOf("day01/0001.png", [10, -20, 0]),
      lineOf("day01/0002.png", [-90, -20, 500], [0, 30 * degrees, 0]),
      lineOf("day01/0003.png", [10, -120, 500], [20 * degrees, 0, 0]),
      lineOf("day01/0009.png", [10, -20, 0]),
      "day01/0001.png 1 2 3",
      lineOf("day01/0001.png", [10, Number.NaN, 0]),
      "",
    ].join("\n"),
    "MPIIFaceGaze/p00/day01/0001.png": frame,
    "MPIIFaceGaze/p00/day01/0002.png": frame,
    "MPIIFaceGaze/p00/day01/0003.png": frame,
    "MPIIFaceGaze/p00/Calibration/Camera.mat": "not read",
  });
  const dataSet = await openDataSet(root);
  expect(dataSet.samples.map(({ labels }) => labels.map((angle) => angle / degrees))).toEqual([
    [0, 0],
    [expect.closeTo(45, 9), 0],
    [0, expect.closeTo(45, 9)],
  ]);
  expect(dataSet.skipped.map(({ reason }) => reason)).toEqual([
    "a line whose image is not there",
    "a line of 4 fields, expected 28",
    "a line with a field that is no number",
  ]);
  // Landmarks span 20 px about (50, 58): a square of 40 px, all face.
  const { shape, pixels } = await dataSet.load([0], { channels: 3, size: null });
  expect(shape).toEqual([1, 3, 40, 40]);
  expect(Math.min(...pixels.subarray(0, 1600))).toBeCloseTo(200 / 255, 5);
  expect(Math.max(...pixels.subarray(3200))).toBeCloseTo(50 / 255, 5);
  const uncut = await openDataSet(root, { crop: { kind: "none" } });
  expect((await uncut.load([0], { channels: 3, size: null })).shape).toEqual([1, 3, 90, 100]);
  // Rodrigues about y by 30 degrees has the third column (sin 30, 0, cos 30); about x by 20 (0, -sin 20, cos 20).
  const head = await openDataSet(root, { task: "head-pose" });
  const angles = head.samples.map(({ labels }) => labels.map((angle) => angle / degrees));
  expect(angles[1]).toEqual([expect.closeTo(30, 9), expect.closeTo(0, 9)]);
  expect(angles[2]).toEqual([expect.closeTo(0, 9), expect.closeTo(-20, 9)]);
});

test("an image that cannot be decoded is named", async () => {
  const root = await datasetOf({
    "p00/p00.txt": lineOf("day01/1.jpg", [1, 2, 3]),
    "p00/day01/1.jpg": "no image",
  });
  const dataSet = await openDataSet(root);
  await expect(dataSet.load([0], { channels: 3, size: [8, 8] })).rejects.toMatchObject({
    code: "E_IMAGES",
    message: /^p00\/day01\/1\.jpg cannot be decoded/,
  });
});

/** A label file of GazeHub: gaze towards (yaw, pitch), written in the order of `write`. */
function gazeHubTree(
  write: (yaw: number, pitch: number) => string,
  hasDirection = true,
): Record<string, string> {
  const gazes = [
    [0.3, -0.1],
    [-0.2, 0.15],
    [0.05, 0.25],
  ] as const;
  const rows = gazes.map(([yaw, pitch], i) => {
    const g = [-Math.cos(pitch) * Math.sin(yaw), -Math.sin(pitch), -Math.cos(pitch) * Math.cos(yaw)];
    const direction = hasDirection ? g.map((value) => value.toFixed(6)).join(",") : "none";
    const head = write(yaw / 2, pitch / 2);
    return `p00/face/${i + 1}.jpg p00/left/${i + 1}.jpg p00/right/${i + 1}.jpg day01/0005.jpg 700,400 ${direction} 0,0,1 ${write(yaw, pitch)} ${head} 1,0,0 1,1,1`;
  });
  const header = "Face Left Right Origin WhichEye 3DGaze 3DHead 2DGaze 2DHead Rmat Smat";
  return {
    "MPIIFaceGaze/Label/p00.label": [
      header,
      ...rows,
      rows[0]!.replace("face/1", "face/9"),
      "p00/face/1.jpg x",
      "",
    ].join("\n"),
  };
}

test.each([
  ["pitch, yaw", (yaw: number, pitch: number) => `${pitch.toFixed(6)},${yaw.toFixed(6)}`],
  ["yaw, pitch", (yaw: number, pitch: number) => `${yaw.toFixed(6)},${pitch.toFixed(6)}`],
])("GazeHub's order of angles is told by the directions: %s", async (order, write) => {
  const root = await datasetOf(gazeHubTree(write));
  for (const i of [1, 2, 3]) {
    const picture = { width: 4, height: 4, colour: [50 * i, 0, 0] as const };
    await datasetOf({ [`${i}.jpg`]: picture }).then(async (from) => {
      cpSync(join(from, `${i}.jpg`), join(root, "MPIIFaceGaze/Image/p00/face", `${i}.jpg`), {
        recursive: true,
      });
    });
  }
  const dataSet = await openDataSet(root);
  expect(dataSet.notes[0]).toContain(`order of angles is ${order}:`);
  expect(dataSet.notes[0]).not.toContain("doubtful");
  expect(dataSet.samples.map(({ labels }) => labels)).toEqual([
    [0.3, -0.1],
    [-0.2, 0.15],
    [0.05, 0.25],
  ]);
  expect(dataSet.samples[0]).toMatchObject({ subject: "p00", id: "MPIIFaceGaze/Image/p00/face/1.jpg" });
  expect(dataSet.skipped.map(({ reason }) => reason)).toEqual([
    "a line whose image is not there",
    "a line without two numbers in column 7",
  ]);
  const { pixels } = await dataSet.load([2], { channels: 3, size: null });
  expect(pixels[0]! * 255).toBeCloseTo(150, -0.7);
  const head = await openDataSet(root, { task: "head-pose" });
  expect(head.samples[0]!.labels).toEqual([0.15, -0.05]);
  const asked = await openDataSet(root, { columns: order.split(", ").reverse() });
  expect(asked.samples[0]!.labels).toEqual([-0.1, 0.3]);
});

test("GazeHub's order is doubted without directions, and with opposite signs", async () => {
  const face = { width: 2, height: 2, colour: [1, 2, 3] as const };
  const images = Object.fromEntries([1, 2, 3].map((i) => [`MPIIFaceGaze/Image/p00/face/${i}.jpg`, face]));
  const without = await datasetOf({ ...gazeHubTree((yaw, pitch) => `${yaw},${pitch}`, false), ...images });
  expect((await openDataSet(without)).notes[0]).toMatch(/yaw, pitch: a guess/);
  const opposite = await datasetOf({ ...gazeHubTree((yaw, pitch) => `${-pitch},${-yaw}`), ...images });
  expect((await openDataSet(opposite)).notes[0]).toMatch(/doubtful/);
  writeFileSync(join(opposite, "MPIIFaceGaze/Label/p00.label"), "a header\n");
  await expect(openDataSet(opposite)).rejects.toMatchObject({
    code: "E_IMAGES",
    message: /no samples of MPIIFaceGaze/,
  });
});
