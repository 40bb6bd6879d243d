import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { readPickle } from "../../../../src/data/datasets/pickle.ts";
import { openDataSet } from "../../../../src/data/node/datasets/detect.ts";
import { addReference, datasetOf, datasetReference } from "../../../support/datasets.ts";
import { errorOf } from "../../../support/errors.ts";

/** Image n: red is 10 n + y, green 100 + x, blue 200; its class 3 n mod 10. */
const valueAt = (n: number, c: number, y: number, x: number): number => [10 * n + y, 100 + x, 200][c]!;

function record(n: number, label = (3 * n) % 10): number[] {
  const planes = [0, 1, 2].flatMap((c) =>
    Array.from({ length: 1024 }, (_, i) => valueAt(n, c, Math.floor(i / 32), i % 32)),
  );
  return [label, ...planes];
}

async function expectImages(root: string): Promise<void> {
  const dataSet = await openDataSet(root);
  expect(dataSet.labels).toEqual([{ name: "class", unit: "class" }]);
  const { pixels, shape, labels } = await dataSet.load([2, 1], { channels: 3, size: null });
  expect(shape).toEqual([2, 3, 32, 32]);
  expect([...labels!]).toEqual([6, 3]);
  for (const [i, n] of [2, 1].entries())
    for (let k = 0; k < 3072; k++) {
      const expected = valueAt(n, Math.floor(k / 1024), Math.floor((k % 1024) / 32), k % 32);
      expect(Math.round(pixels[i * 3072 + k]! * 255)).toBe(expected);
    }
}

test("the binary version is read", async () => {
  const root = await datasetOf({
    "cifar-10-batches-bin/data_batch_1.bin": Uint8Array.from([0, 1, 2].flatMap((n) => record(n))),
    "cifar-10-batches-bin/test_batch.bin": Uint8Array.from([...record(3), ...record(4, 10)]),
    "cifar-10-batches-bin/data_batch_2.bin": Uint8Array.from(record(5).slice(0, -1)),
    "cifar-10-batches-bin/batches.meta.txt": "airplane\nautomobile\n\n",
  });
  await expectImages(root);
  const { samples, skipped, notes } = await openDataSet(root);
  expect(samples).toHaveLength(4);
  expect(skipped).toEqual([
    {
      file: "cifar-10-batches-bin/data_batch_2.bin",
      reason: "found 3072 bytes, expected a multiple of 3073",
    },
    { file: "cifar-10-batches-bin/test_batch.bin#1", reason: "a class that is none of 0 to 9" },
  ]);
  expect(notes.at(-1)).toBe("classes: airplane, automobile");
});

test.each(["cifar_python2", "cifar_fortran", "cifar_python3", "cifar_newest"])(
  "Python's pickles are read: %s",
  async (name) => {
    const root = await datasetOf({});
    addReference(root, `${name}.pickle`, "cifar-10-batches-py/data_batch_1");
    addReference(root, "cifar_python2_meta.pickle", "cifar-10-batches-py/batches.meta");
    await expectImages(root);
    expect((await openDataSet(root)).notes.at(-1)).toMatch(/^classes: airplane, automobile, .*, truck$/);
  },
);

test("a pickle that wants to call something is refused, and so is one that is cut short", async () => {
  // cos\nsystem\n(S'...' would run a command in Python.
  const evil = Buffer.from("cos\nsystem\n(U\x04echotR.", "latin1");
  expect(await errorOf(() => readPickle("evil", evil))).toMatchObject({
    code: "E_IMAGES",
    message: /calls os\.system, which is never called here/,
  });
  const whole = readFileSync(datasetReference("cifar_python2.pickle"));
  for (const length of [0, 1, 50, 200, whole.length - 1]) {
    const error = await errorOf(() => readPickle("it", whole.subarray(0, length)));
    expect(error).toMatchObject({ code: "E_IMAGES", message: /cut short/ });
  }
  const root = await datasetOf({ data_batch_1: Buffer.from("}.", "latin1") });
  await expect(openDataSet(root)).rejects.toMatchObject({
    message: /found no data and no labels, expected u1 \[N, 3072\]/,
  });
});
