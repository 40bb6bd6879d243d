import { expect, test } from "vitest";
import { dataSetFormats, openDataSet } from "../../../../src/data/node/datasets/detect.ts";
import { datasetOf } from "../../../support/datasets.ts";

const small = { width: 8, height: 8, colour: [10, 20, 30] as const };

test("a folder with labels.csv is read", async () => {
  const root = await datasetOf({
    "labels.csv":
      "File,subject,Yaw,Pitch\na.png,anna,1,-2\nsub/b.png,ben,0.5,1e-1\nc.png,,3,4\nnone.png,x,1,1\na.png,anna,9,9\nd.png,x,1\ne.png,x,1,one\n../out.png,x,1,1\n",
    ...Object.fromEntries(
      ["a.png", "sub/b.png", "c.png", "d.png", "e.png", "f.webp"].map((name) => [name, small]),
    ),
  });
  const dataSet = await openDataSet(root);
  expect(dataSet.labels).toEqual([
    { name: "Yaw", unit: "as given" },
    { name: "Pitch", unit: "as given" },
  ]);
  expect(dataSet.samples).toEqual([
    { id: "a.png", subject: "anna", labels: [1, -2] },
    { id: "sub/b.png", subject: "ben", labels: [0.5, 0.1] },
    { id: "c.png", subject: null, labels: [3, 4] },
  ]);
  expect(dataSet.skipped).toEqual([
    { file: "labels.csv line 5", reason: "a row whose image is not there" },
    { file: "labels.csv line 6", reason: "a second row of an image" },
    { file: "labels.csv line 7", reason: "a row of another length than the header" },
    { file: "labels.csv line 8", reason: "a row with something that is no finite number" },
    { file: "labels.csv line 9", reason: "a row whose image is not there" },
    { file: "f.webp", reason: "an image without a row in labels.csv" },
  ]);
  const { shape, labels, names, labelNames, pixels } = await dataSet.load([1, 0], {
    channels: 3,
    size: [4, 4],
  });
  expect(shape).toEqual([2, 3, 4, 4]);
  expect([...labels!]).toEqual([0.5, Math.fround(0.1), 1, -2]);
  expect([names, labelNames]).toEqual([
    ["sub/b.png", "a.png"],
    ["Yaw", "Pitch"],
  ]);
  expect(pixels[16]! * 255).toBeCloseTo(20, 4);
  const turned = await openDataSet(root, { angleUnit: "degrees", flip: ["Yaw"] });
  expect(turned.labels[0]).toEqual({ name: "Yaw", unit: "radians" });
  expect(turned.samples[0]!.labels[0]).toBeCloseTo(-Math.PI / 180, 12);
});

test("a labels.csv without a header is refused", async () => {
  const root = await datasetOf({ "labels.csv": "a.png,1,2\n", "a.png": small });
  await expect(openDataSet(root)).rejects.toMatchObject({
    code: "E_LABELS",
    message: /expected a header such as file,yaw,pitch/,
  });
});

test("paths that are not there, are empty or hold something else are refused with what is expected", async () => {
  await expect(openDataSet("/nowhere/at/all")).rejects.toMatchObject({
    code: "E_FILE",
    message: "cannot read the data set at /nowhere/at/all: there is no such file or folder",
  });
  await expect(openDataSet(await datasetOf({}))).rejects.toMatchObject({
    code: "E_IMAGES",
    message: /found no files/,
  });
  const other = await datasetOf({ "a/x.png": small, "b.txt": "text", "c.txt": "text", "d.txt": "text" });
  await expect(openDataSet(other)).rejects.toMatchObject({
    code: "E_IMAGES",
    message: /^found a\/x\.png, b\.txt, c\.txt and 1 more in .*, expected a data set that is known$/,
    hint: expect.stringContaining("mpiifacegaze-normalised: p00.mat"),
  });
  await expect(openDataSet(other, {}, "biwi")).rejects.toMatchObject({
    message: /expected Biwi.*frame_00003_pose\.txt/,
  });
});

test("options that a format does not have, and values that do not fit, are refused", async () => {
  const root = await datasetOf({ "data_batch_1.bin": new Uint8Array(3073), "x/0001_2m_0P_0V_0H.jpg": small });
  await expect(openDataSet(root, { angleUnit: "degrees" }, "cifar10")).rejects.toMatchObject({
    code: "E_USAGE",
    message: "found angleUnit for CIFAR-10, expected no options",
  });
  await expect(openDataSet(root, { flip: ["roll"] }, "columbia")).rejects.toMatchObject({
    code: "E_USAGE",
    message: 'found "roll" to flip, expected some of yaw, pitch',
  });
  const dataSet = await openDataSet(root, {}, "cifar10");
  await expect(dataSet.load([1], { channels: 3, size: null })).rejects.toMatchObject({ code: "E_USAGE" });
  expect((await dataSet.load([], { channels: 3, size: [4, 4] })).shape).toEqual([0, 3, 4, 4]);
});

test("every format has a name of its own", () => {
  expect(new Set(dataSetFormats.map(({ name }) => name)).size).toBe(10);
});
