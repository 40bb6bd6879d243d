import { expect, test } from "vitest";
import { openDataSet } from "../../../../src/data/node/datasets/detect.ts";
import { datasetOf } from "../../../support/datasets.ts";

const small = { width: 8, height: 8, colour: [10, 20, 30] as const };
const files = (preset: unknown): Record<string, string | typeof small> => ({
  "heads.json": `${JSON.stringify({ preset, size: 8, seed: 0 })}\n`,
  "labels.csv": "file,yaw,pitch\n0.png,1,2\n1.png,3,4\n",
  "angles.csv":
    "file,gaze yaw,gaze pitch,head yaw,head pitch,head roll\n0.png,1,2,0.3,0.4,0.5\n1.png,3,4,0.6,0.7,0.8\n",
  "0.png": small,
  "1.png": small,
});

test("rendered heads have both labels, in radians, and their own task when none is asked for", async () => {
  const root = await datasetOf(files("gaze"));
  const gaze = await openDataSet(root);
  expect(gaze.title).toBe("rendered heads");
  expect(gaze.labels).toEqual(["yaw", "pitch"].map((name) => ({ name, unit: "radians" })));
  expect(gaze.samples.map(({ labels }) => labels)).toEqual([
    [1, 2],
    [3, 4],
  ]);
  const pose = await openDataSet(root, { task: "head-pose", flip: ["roll"] });
  expect(pose.labels.map(({ name }) => name)).toEqual(["yaw", "pitch", "roll"]);
  expect(pose.samples.map(({ labels }) => labels)).toEqual([
    [0.3, 0.4, -0.5],
    [0.6, 0.7, -0.8],
  ]);
  const own = await openDataSet(await datasetOf(files("head-pose")));
  expect(own.labels).toHaveLength(3);
});

test("as a folder they have what labels.csv says", async () => {
  const dataSet = await openDataSet(await datasetOf(files("gaze")), {}, "folder");
  expect(dataSet.labels).toEqual(["yaw", "pitch"].map((name) => ({ name, unit: "as given" })));
});

test.each([
  [
    "a preset that is none",
    files("portrait"),
    'heads.json says preset "portrait", expected one of gaze, head-pose',
  ],
  ["settings that are no JSON", { ...files("gaze"), "heads.json": "{" }, /^heads.json is not JSON: /],
  [
    "a table without the columns",
    { ...files("gaze"), "angles.csv": "file,a\n0.png,1\n" },
    'angles.csv begins with "file,a", expected a header such as file,gaze yaw,gaze pitch',
  ],
])("%s is refused", async (_, content, message) => {
  await expect(openDataSet(await datasetOf(content))).rejects.toMatchObject({
    code: "E_LABELS",
    message: typeof message === "string" ? message : expect.stringMatching(message),
  });
});
