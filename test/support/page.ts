/** What a user does on the page. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";
import type { ImageSet } from "../../src/data/image-set.ts";
import type { ScanResult } from "../../src/report/result.ts";
import { npyOf, zipOf } from "./npz.ts";

/** A file that is chosen. */
export interface ChosenFile {
  readonly name: string;
  readonly mimeType: string;
  readonly buffer: Buffer;
}

/** Bytes as a file. */
export function fileOf(name: string, bytes: Uint8Array | string): ChosenFile {
  return { name, mimeType: "application/octet-stream", buffer: Buffer.from(bytes as Uint8Array) };
}

/** Images as a .npz file, with labels if they have any; pixels and labels stay to the bit. */
export function archiveOf({ pixels, shape, labels }: ImageSet): ChosenFile {
  const bytes = (array: Float32Array): Uint8Array =>
    new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
  return fileOf(
    "images.npz",
    zipOf({
      "images.npy": npyOf("<f4", shape, bytes(pixels)),
      ...(labels === null
        ? {}
        : { "labels.npy": npyOf("<f4", [shape[0], labels.length / shape[0]], bytes(labels)) }),
    }),
  );
}

/** Options of a scan that says nothing and is over at once. */
export const shortOptions =
  "families=patch,mapSteps=6,tightMapSteps=4,steps=6,growingSteps=4,climbSteps=4,starts=0,mapTargets=4,shortlist=1,controls=2,restarts=2,batch=4";

/** The address of the page with options of the method, on one thread of WebAssembly. */
export function addressOf(options: string): string {
  return `?options=${encodeURIComponent(options)}&provider=wasm&threads=1`;
}

const example = fileURLToPath(new URL("../../examples/gaze64", import.meta.url));

/** Some of the example's images, and no labels. */
export function exampleImages(count: number): ChosenFile[] {
  const folder = join(example, "images");
  const names = readdirSync(folder).filter((name) => name.endsWith(".png"));
  return names.slice(0, count).map((name) => fileOf(name, readFileSync(join(folder, name))));
}

/** Chooses files by the dialog. */
export async function choose(page: Page, files: readonly ChosenFile[]): Promise<void> {
  await page.setInputFiles("#files", [...files]);
}

/** Waits until the check has said something, and gives its text. */
export async function checked(page: Page): Promise<string> {
  const text = page.locator("#check-text");
  await text
    .filter({ hasText: /./ })
    .filter({ hasNotText: /^Checking/ })
    // WebGPU that is imitated takes half a minute for it, alone on two cores.
    .waitFor({ timeout: 120_000 });
  return (await page.textContent("#check"))!;
}

/** Waits for a verdict, or for what went wrong. */
export async function verdictOf(page: Page): Promise<string> {
  // Machines are busy: the test's own limit is the one that counts.
  const found = await page.waitForSelector("#verdict .verdict strong, #alert:not([hidden])", { timeout: 0 });
  return (await found.textContent())!;
}

/** Saves what a button saves, and gives its bytes. */
export async function savedBy(page: Page, selector: string): Promise<{ name: string; bytes: Buffer }> {
  const [download] = await Promise.all([page.waitForEvent("download"), page.click(selector)]);
  return { name: download.suggestedFilename(), bytes: readFileSync(await download.path()) };
}

/** The result that the page has. */
export async function resultOf(page: Page): Promise<ScanResult> {
  return JSON.parse((await savedBy(page, "#save-result")).bytes.toString("utf8")) as ScanResult;
}

/** Whether the page can be moved sideways. */
export function scrollsSideways(page: Page): Promise<boolean> {
  return page.evaluate("document.documentElement.scrollWidth > window.innerWidth");
}
