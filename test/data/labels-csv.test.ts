import { expect, test } from "vitest";
import { readLabels } from "../../src/data/labels-csv.ts";
import { errorOf } from "../support/errors.ts";

const files = ["a.png", "b.png", "c.png"];
const read = (content: string) => readLabels("labels.csv", content, files);

test("labels stand in the order of the images, whatever the order of the rows", () => {
  const rows = ["a.png,1,2", "b.png,-3,4e-1", "c.png,5,6"];
  const expected = Float32Array.of(1, 2, -3, 0.4, 5, 6);
  for (const order of [rows, rows.toReversed(), [rows[1], rows[2], rows[0]]]) {
    const labels = read(`file,yaw,pitch\n${order.join("\n")}\n`);
    expect(labels).toEqual({ names: ["yaw", "pitch"], values: expected });
  }
});

test("a column without a name is called by its place", () => {
  expect(read("FILE,,pitch\na.png,1,2\nb.png,1,2\nc.png,1,2").names).toEqual(["output 0", "pitch"]);
});

test("one message lists every problem with its line", async () => {
  const error = await errorOf(() => read("file,yaw\na.png,1\na.png,2\nd.png,3\nb.png,left\nb2.png\n"));
  expect(error.code).toBe("E_LABELS");
  for (const part of [
    "line 3: a.png was given on line 2 already",
    "line 4: there is no image d.png",
    'line 5: found "left" for yaw, expected a finite number',
    "line 6: found 0 values, expected 1 (yaw)",
    "1 of 3 images have no row: c.png",
  ]) {
    expect(error.message).toContain(part);
  }
});

test("a long list of problems is cut and counted", async () => {
  const rows = Array.from({ length: 9 }, (_, i) => `x${i}.png,0`);
  const error = await errorOf(() => read(`file,yaw\n${rows.join("\n")}`));
  expect(error.message).toContain("there is no image x4.png");
  expect(error.message).not.toContain("x5.png");
  expect(error.message).toContain("and 5 more");
});

// 1e39 is finite as a double and infinite in the float32 that labels are kept in.
test.each(["", "NaN", "inf", "Infinity", "1e39", "1;2", "1 2"])("%j is no label", async (text) => {
  const error = await errorOf(() => read(`file,yaw\na.png,${text}\nb.png,1\nc.png,1`));
  expect(error).toMatchObject({
    code: "E_LABELS",
    message: expect.stringContaining(`line 2: found "${text}" for yaw`),
  });
});

test.each([
  ["", 'begins with ""'],
  ["name,yaw\n", 'begins with "name"'],
  ["a.png,1,2\n", 'begins with "a.png"'],
  ["file\n", "has no column of values"],
  ["file,yaw,yaw\n", 'has two columns named "yaw"'],
])("the header of %j is refused", async (content, part) => {
  const error = await errorOf(() => read(content));
  expect(error).toMatchObject({ code: "E_LABELS", message: expect.stringContaining(part) });
});
