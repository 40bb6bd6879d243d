import { execFile } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { smallModel, writeImages } from "./support/cli.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const readme = readFileSync(join(root, "README.md"), "utf8");
/** Inside the package, so that its own name resolves as it does for those who install it. */
const folder = join(root, "demo-output", "readme-test");

beforeAll(async () => {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "model.onnx"), smallModel());
  await writeImages(join(folder, "images"));
});
afterAll(() => rmSync(folder, { recursive: true }));

test("the library example of the README runs in 15 lines", { timeout: 120_000 }, async () => {
  const example = /```ts\n([\s\S]*?)```/.exec(readme)![1]!;
  expect(
    example
      .trim()
      .split("\n")
      .filter((line) => line !== "").length,
  ).toBeLessThanOrEqual(15);
  // A non-null assertion is all that the example has of TypeScript. The budget is one that no machine can do the whole scan in.
  const script = example
    .replaceAll(/!(?=[.,\s}])/g, "")
    .replace("timeBudget: 60", 'timeBudget: 0.05, cache: "cache"');
  writeFileSync(join(folder, "example.mjs"), script);
  const { stdout } = await promisify(execFile)(process.execPath, ["example.mjs"], { cwd: folder });
  expect(stdout).toMatch(/^\[ 60, 3, 8, 8 \] inconclusive\n$/);
});

test("the commands of the README are those of package.json", () => {
  const { scripts, bin } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
    scripts: Record<string, string>;
    bin: Record<string, string>;
  };
  expect(readme).toContain("npm ci && npm run demo");
  expect(readme).toContain("npm ci && npm test");
  expect(scripts).toHaveProperty("demo");
  expect(scripts).toHaveProperty("test");
  expect(bin).toHaveProperty("drmguard");
});
