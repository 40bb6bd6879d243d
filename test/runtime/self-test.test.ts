import { expect, test } from "vitest";
import { nodeRuntime } from "../../src/runtime/node.ts";
import type { Arrays, Runtime } from "../../src/runtime/runtime.ts";
import { compareRuntimes } from "../../src/runtime/self-test.ts";

const good = nodeRuntime();

/** A runtime whose results are changed on their way out. */
const changed = (change: (value: number, name: string) => number): Runtime => ({
  ...good,
  load: async (model, options) => {
    const session = await good.load(model, options);
    return {
      release: () => session.release(),
      run: async (feeds): Promise<Arrays> =>
        Object.fromEntries(
          Object.entries(await session.run(feeds)).map(([name, value]) => [
            name,
            { ...value, data: (value.data as Float32Array).map((each) => change(each, name)) },
          ]),
        ),
    };
  },
});

test("a runtime agrees with itself, and with one of other threads", async () => {
  expect(await compareRuntimes(good, good)).toBeNull();
  expect(await compareRuntimes(nodeRuntime({ threads: 2 }), good)).toBeNull();
});

test("the last digits of single precision may differ", async () => {
  expect(
    await compareRuntimes(
      changed((value) => value * (1 + 1e-6)),
      good,
    ),
  ).toBeNull();
});

test("half precision is noticed", async () => {
  // Eleven bits of a mantissa.
  const half = (value: number): number => {
    const unit = 2 ** (Math.floor(Math.log2(Math.abs(value) || 1)) - 10);
    return Math.round(value / unit) * unit;
  };
  expect(await compareRuntimes(changed(half), good)).toMatch(/of its largest value$/);
});

test.each([
  "loss",
  "outputs",
  ...["image", "grid", "first", "second", "third", "dense"].map((input) => `the gradient by ${input}`),
])("where %s is wrong, it is noticed by its name", async (name) => {
  const wrong = changed((value, output) => (output === `result:${name}` ? 1.01 * value : value));
  expect(await compareRuntimes(wrong, good)).toMatch(new RegExp(`^${name} by 0\\.0`));
});

test("what is not a number is noticed", async () => {
  expect(
    await compareRuntimes(
      changed((value, name) => (name.includes("by grid") ? Number.NaN : value)),
      good,
    ),
  ).toBe("the gradient by grid by NaN of its largest value");
});
