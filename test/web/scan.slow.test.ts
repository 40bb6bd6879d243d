/** Scans in a real browser, beside the same scans in Node. */

import { readFile } from "node:fs/promises";
import { afterEach, expect, test } from "vitest";
import { dataKeyOf, sha256 } from "../../src/data/data-key.ts";
import { readBenign } from "../../src/data/node/read-benign.ts";
import type { MethodChanges } from "../../src/identification/methods.ts";
import { memoryArchive } from "../../src/loops/memory-archive.ts";
import { importModel } from "../../src/models/import.ts";
import { readResult } from "../../src/report/read-result.ts";
import type { ScanResult } from "../../src/report/result.ts";
import { nodeRuntime } from "../../src/runtime/node.ts";
import type { ImageSource } from "../../src/workflows/host.ts";
import { methodChanges, parseMethodSettings } from "../../src/workflows/method-settings.ts";
import { scanModel } from "../../src/workflows/scan-model.ts";
import { cornerBackdoorFile } from "../support/backdoored.ts";
import { accessibilityProblems, describeInBrowser } from "../support/browser.ts";
import { someImages } from "../support/identification.ts";
import { archiveOf, checked, choose, fileOf, resultOf, verdictOf } from "../support/page.ts";

/**
 * Of values after a few steps, as a part of the largest. Single precision sums in another order, and Adam makes more of that with every
 * step: what was measured is in docs/web.md.
 */
const valueTolerance = 5e-3;
/** Of scores after a whole scan: measured were up to 0.03. */
const scoreTolerance = 0.1;

/** The same scan in Node. */
async function scanInNode(
  bytes: Uint8Array,
  benign: ImageSource,
  options: MethodChanges,
): Promise<ScanResult> {
  const model = {
    path: "model.onnx",
    model: importModel(bytes),
    sha256: await sha256(bytes),
    bytes: bytes.length,
  };
  const nothing = { scale: null, mean: null, std: null, layout: null, channels: null };
  return scanModel(
    nodeRuntime({ threads: 1 }),
    model,
    benign,
    {
      ...{ preprocessing: nothing, size: null, features: null, outputs: null, seed: 0, timeBudget: null },
      ...{ method: "contrast", preset: "auto", options, memoryLimit: 8e9, resume: false },
    },
    {
      version: "0.0.0",
      environment: { node: "", runtime: "", provider: "", platform: "", cpu: "", threads: 1 },
      encodePng: async () => new Uint8Array(),
      checkpoints: memoryArchive(),
      onEvent: () => {},
      shouldStop: () => false,
    },
  );
}

/** The largest difference of two lists of numbers, as a part of the largest number. */
function differenceOf(found: readonly number[], expected: readonly number[]): number {
  expect(found.length).toBe(expected.length);
  const largest = Math.max(...expected.map(Math.abs));
  return Math.max(...found.map((value, i) => Math.abs(value - expected[i]!))) / largest;
}

const optionsOf = (text: string): MethodChanges => methodChanges("contrast", parseMethodSettings(text));

describeInBrowser("scans in the browser", (browser) => {
  afterEach(() => browser.closePages());

  test("the example is scanned to a verdict, step by step as in Node", async () => {
    const options =
      "starts=0,mapSteps=6,tightMapSteps=4,steps=6,growingSteps=4,climbSteps=4,mapTargets=4,shortlist=1,batch=4";
    const page = await browser.open(`?options=${encodeURIComponent(options)}&provider=wasm`);
    expect(await accessibilityProblems(page)).toEqual([]);
    await page.click("[data-example=badnets]");
    expect(await checked(page)).toContain("It can be scanned: 699,234 weights");
    await page.click("#settings summary");
    await page.click("#check summary");
    expect(await accessibilityProblems(page)).toEqual([]);
    await page.click("#start");
    // The trigger as it is, drawn on an image.
    await page.waitForSelector("#sketch:not([hidden])");
    expect(await accessibilityProblems(page)).toEqual([]);
    const drawn = await page.evaluate<{ length: number; changed: number }>(`(() => {
      const pixels = (id) => {
        const canvas = document.querySelector(id);
        return canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
      };
      const [clean, reversed] = [pixels("#sketch-clean"), pixels("#sketch-reversed")];
      return { length: clean.length, changed: clean.filter((value, i) => value !== reversed[i]).length };
    })()`);
    expect(drawn.length).toBe(4 * 64 * 64);
    expect(drawn.changed).toBeGreaterThan(0);
    const verdict = await verdictOf(page);
    expect(await page.textContent("#curves")).toMatch(/error [\d.]+.*size [\d.]+.*reached/);
    expect(await page.evaluate("document.activeElement.id")).toBe("result-title");
    expect(await accessibilityProblems(page)).toEqual([]);

    const result = readResult(await resultOf(page));
    expect(result.environment).toMatchObject({ provider: "wasm", runtime: "onnxruntime-web 1.30.0" });
    expect(result.evidence[0]!.reversed).toMatch(/^data:image\/png;base64,iVBOR/);
    const node = await scanInNode(
      await readFile("examples/gaze64/badnets.onnx"),
      { path: "images", read: (wants) => readBenign("examples/gaze64/images", wants) },
      optionsOf(options),
    );
    // The same pixels, to the bit, though another decoder read them.
    expect(result.benign.sha256).toBe(node.benign.sha256);
    expect(result.model).toEqual({ ...node.model, path: "badnets.onnx" });
    expect([verdict, result.verdict]).toEqual([node.verdict, node.verdict]);
    expect(result.score / node.score).toBeGreaterThan(1 - scoreTolerance);
    expect(result.score / node.score).toBeLessThan(1 + scoreTolerance);
    const numbers = ({ terms, target, contrast }: ScanResult): number[] => [
      ...terms.flatMap(({ values }) => [values.error!, values.size!]),
      ...target.map(({ value }) => value),
      ...contrast!.flatMap(({ map }) => map.flatMap((row) => [...row.target, row.distance])),
    ];
    expect(differenceOf(numbers(result), numbers(node))).toBeLessThan(valueTolerance);
  });

  test.each([
    ["backdoored", [2, -2]],
    ["benign", null],
  ] as const)("a small model is found %s, with Node's score", async (verdict, target) => {
    const options = "families=patch,mapTargets=8,mapSteps=200,steps=120";
    const images = someImages(24);
    const bytes = cornerBackdoorFile(target);
    const page = await browser.open(`?options=${encodeURIComponent(options)}&provider=wasm&threads=1`);
    await choose(page, [fileOf("model.onnx", bytes), archiveOf(images)]);
    expect(await checked(page)).toContain("It can be scanned");
    await page.click("#start");
    expect(await verdictOf(page)).toBe(verdict);
    const result = await resultOf(page);
    const node = await scanInNode(
      bytes,
      { path: "images.npz", read: async () => ({ images, warnings: [] }) },
      optionsOf(options),
    );
    expect(result.benign.sha256).toBe(await dataKeyOf(images));
    expect(node.verdict).toBe(verdict);
    expect(result.score / node.score).toBeGreaterThan(1 - scoreTolerance);
    expect(result.score / node.score).toBeLessThan(1 + scoreTolerance);
  });
});
