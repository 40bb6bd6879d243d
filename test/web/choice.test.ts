import { expect, test } from "vitest";
import { type GivenFile, sortFiles } from "../../web/page/choice.ts";

const given = (...paths: string[]): GivenFile[] =>
  paths.map((path) => ({ file: new File(["x"], path.split("/").at(-1)!), path }));
const names = (files: readonly File[] | undefined): string[] => (files ?? []).map(({ name }) => name);

test("a model comes with the files that it may keep its weights in", () => {
  const found = sortFiles(given("model.onnx", "model.onnx.data", "weights_0"));
  expect(found.model!.model.name).toBe("model.onnx");
  expect(names(found.model!.external)).toEqual(["model.onnx.data", "weights_0"]);
  expect(found.problems).toEqual([]);
});

test("weights that come after their model are told apart from it", () => {
  const found = sortFiles(given("model.onnx.data"));
  expect(found.model).toBeNull();
  expect(names(found.external)).toEqual(["model.onnx.data"]);
});

test("a folder of images comes with its labels; folders inside of it are left out and counted", () => {
  const found = sortFiles(
    given("faces/b.png", "faces/a.JPG", "faces/labels.csv", "faces/more/c.webp", "faces/other/deep/d.png"),
  );
  expect(found.images).toMatchObject({ name: "faces", unsearched: 2 });
  expect(names(found.images!.files)).toEqual(["b.png", "a.JPG"]);
  expect(found.images!.labels!.name).toBe("labels.csv");
});

test("labels of another folder are not those of the images", () => {
  expect(sortFiles(given("a/1.png", "a/old/labels.csv")).images!.labels).toBeNull();
});

test("files that were chosen one by one are called by their number", () => {
  const { images } = sortFiles(given("1.png", "2.png", "labels.csv"));
  expect(images).toMatchObject({ name: "2 files", unsearched: 0 });
  expect(images!.labels).not.toBeNull();
});

test("labels alone are kept for the images that are there", () => {
  expect(sortFiles(given("labels.csv")).labels!.name).toBe("labels.csv");
});

test("an archive is a set of images", () => {
  expect(sortFiles(given("m.onnx", "set.npz"))).toMatchObject({
    images: { name: "set.npz", labels: null },
    result: null,
  });
});

test("a result is one where there is nothing else to do", () => {
  expect(sortFiles(given("scan.json")).result!.name).toBe("scan.json");
  expect(sortFiles(given("scan.json", "m.onnx")).result).toBeNull();
});

test("hidden files are left out", () => {
  const found = sortFiles(given(".DS_Store", "a/.labels.csv", "a/1.png"));
  expect(found.external).toEqual([]);
  expect(names(found.images!.files)).toEqual(["1.png"]);
});

test.each([
  [["a.onnx", "b.onnx"], "found 2 models (a.onnx, b.onnx), expected one"],
  [["a.npz", "b.npz"], "found 2 archives of images (a.npz, b.npz), expected one"],
  [["a.npz", "1.png"], "found an archive of images and images beside it, expected one of the two"],
  [["a.json", "b.json"], "found 2 results (a.json, b.json), expected one"],
  [[".hidden"], "found no files"],
])("%s is too much or too little", (paths, problem) => {
  expect(sortFiles(given(...paths)).problems).toEqual([problem]);
});
