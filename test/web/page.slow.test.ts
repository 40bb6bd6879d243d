/** What the page says and does around a scan, in a real browser. */
import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Locator, Page } from "playwright-core";
import sharp, { type Sharp } from "sharp";
import { afterEach, describe, expect, test } from "vitest";
import { dataKeyOf } from "../../src/data/data-key.ts";
import { readBenign } from "../../src/data/node/read-benign.ts";
import { chartDocument } from "../../src/jobs/chart-document.ts";
import { createRandom } from "../../src/random.ts";
import { resultHtml } from "../../src/report/html.ts";
import { accessibilityProblems, describeInBrowser } from "../support/browser.ts";
import { regressorNodes, smallModel } from "../support/cli.ts";
import { someImages } from "../support/identification.ts";
import {
  addressOf,
  archiveOf,
  checked,
  choose,
  exampleImages,
  fileOf,
  resultOf,
  savedBy,
  scrollsSideways,
  shortOptions,
  verdictOf,
} from "../support/page.ts";
import { resultOf as someResult } from "../support/result.ts";

const references = join(import.meta.dirname, "..", "references");

/** The page with a small model and its images. */
async function withSmallModel(page: Page): Promise<Page> {
  await choose(page, [fileOf("small.onnx", smallModel()), archiveOf(someImages(24))]);
  expect(await checked(page)).toContain("It can be scanned");
  return page;
}

describeInBrowser("the page", (browser) => {
  afterEach(() => browser.closePages());

  describe("says what is wrong with", () => {
    const alertAfter = async (page: Page): Promise<string> =>
      (await page.locator("#alert:not([hidden])").textContent())!;

    test("a file that is no model", async () => {
      const page = await browser.open();
      await choose(page, [fileOf("model.onnx", "this is no model")]);
      expect(await checked(page)).toMatch(/This model cannot be scanned:.*\[E_(NOT_ONNX|INVALID_MODEL)\]/s);
      expect(await accessibilityProblems(page)).toEqual([]);
    });

    test("a model whose weights were left behind, until they are given too", async () => {
      const page = await browser.open();
      const [model, data] = await Promise.all(
        ["external_data.onnx", "external_data.onnx.data"].map(async (name) =>
          fileOf(name, await readFile(join(references, name))),
        ),
      );
      await choose(page, [model!]);
      expect(await checked(page)).toContain("choose external_data.onnx.data together with the model");
      await choose(page, [data!]);
      await page.getByText("It can be scanned").waitFor();
      expect(await page.textContent("#chosen")).toContain("with external_data.onnx.data");
    });

    test("images of another size, with what helps", async () => {
      const page = await browser.open(addressOf(shortOptions));
      await choose(page, [fileOf("small.onnx", smallModel()), ...exampleImages(4)]);
      await checked(page);
      await page.click("#start");
      expect(await alertAfter(page)).toMatch(
        /^found images of height x width 64x64.*\[E_IMAGES\]\. "Resize images to" 8x8/,
      );
      await page.click("#settings summary");
      await page.fill("[name=size]", "8x8");
      await page.click("#start");
      await page.locator("#verdict .verdict").waitFor();
      // Fewer images than are good for a verdict.
      expect(await page.textContent("#verdict")).toContain("found 4 images");
    });

    test("a model that takes more than an image, until it is said what the rest is", async () => {
      const page = await browser.open(addressOf(shortOptions));
      const posed = smallModel({
        inputs: [
          { name: "x", dtype: "float32", shape: ["N", 3, 8, 8] },
          { name: "pose", dtype: "float32", shape: ["N", 2] },
        ],
        nodes: [
          ...regressorNodes.slice(0, -1),
          ["Gemm", ["h", "head.weight", "head.bias"], ["z"]],
          ["Add", ["z", "pose"], ["y"]],
        ],
      });
      await choose(page, [fileOf("posed.onnx", posed), archiveOf(someImages(24))]);
      expect(await checked(page)).toContain('"Other inputs are" pose=0,0');
      await page.click("#settings summary");
      await page.fill("[name=hold]", "pose");
      expect(await alertAfter(page)).toContain("expected inputs and numbers such as pose=0.1,-0.2");
      await page.fill("[name=hold]", "pose=0.1,-0.2");
      await page.getByText("It can be scanned").waitFor();
      await page.click("#start");
      await page.locator("#verdict .verdict").waitFor();
      expect((await resultOf(page)).preprocessing.held).toEqual({ pose: [0.1, -0.2] });
    });

    test("an image that is none", async () => {
      const page = await browser.open(addressOf(shortOptions));
      const images = [fileOf("a.png", "no image"), ...exampleImages(2)];
      await choose(page, [fileOf("small.onnx", smallModel()), ...images]);
      await checked(page);
      await page.click("#start");
      expect(await alertAfter(page)).toContain("1 of 3 images cannot be decoded: a.png");
    });

    test("options that there are not, and settings that are no numbers", async () => {
      const page = await withSmallModel(await browser.open(addressOf("stepz=4")));
      await page.click("#start");
      expect(await alertAfter(page)).toContain('found option "stepz", expected one of');
      await page.click("#settings summary");
      await page.fill("[name=options]", "");
      await page.fill("[name=seed]", "one");
      await page.click("#start");
      expect(await alertAfter(page)).toBe('found "one" for the seed, expected a whole number of at least 0');
    });

    test("two models at once", async () => {
      const page = await browser.open();
      await choose(page, [fileOf("a.onnx", smallModel()), fileOf("b.onnx", smallModel())]);
      expect(await alertAfter(page)).toBe("found 2 models (a.onnx, b.onnx), expected one");
    });

    test("a result that is none", async () => {
      const page = await browser.open();
      await choose(page, [fileOf("result.json", "{")]);
      expect(await alertAfter(page)).toMatch(/^result\.json is not JSON: .*\[E_RESULT\]$/);
      await choose(page, [fileOf("result.json", '{"schemaVersion": "1.0"}')]);
      await page.getByText("tool").first().waitFor();
      expect(await alertAfter(page)).toContain("[E_RESULT]");
    });
  });

  test("images come from a folder with its labels, or are dropped", async () => {
    const page = await browser.open(addressOf(shortOptions));
    await page.setInputFiles("#folder", "examples/gaze64/images");
    await page.getByText("200 in images, with labels").waitFor();
    const dropped = await page.evaluateHandle(`(() => {
      const transfer = new DataTransfer();
      for (const name of ["1.png", "2.webp", "notes.txt"]) transfer.items.add(new File(["x"], name));
      return transfer;
    })()`);
    await page.dispatchEvent("#drop", "drop", { dataTransfer: dropped });
    await page.getByText("2 in 2 files, without labels").waitFor();
  });

  test("a folder is picked with all that is in it, or not picked, or cannot be read, and files are too", async () => {
    const page = await browser.open(addressOf(shortOptions));
    // A dialog cannot be clicked: the browser's private files are a folder of the same kind.
    await page.evaluate(`(async () => {
      const root = await navigator.storage.getDirectory();
      const folder = await root.getDirectoryHandle("faces", { create: true });
      const inner = await folder.getDirectoryHandle("more", { create: true });
      for (const [where, name] of [[folder, "2.png"], [folder, "1.png"], [folder, "labels.csv"], [inner, "3.png"]]) {
        const stream = await (await where.getFileHandle(name, { create: true })).createWritable();
        await stream.write("x");
        await stream.close();
      }
      window.showDirectoryPicker = () => Promise.reject(new DOMException("no folder was picked", "AbortError"));
    })()`);
    await page.click("#pick-folder");
    expect(await page.locator("#alert").isHidden()).toBe(true);
    await page.evaluate(
      `window.showDirectoryPicker = () => Promise.reject(new DOMException("not allowed", "SecurityError"))`,
    );
    await page.click("#pick-folder");
    expect(await page.locator("#alert:not([hidden])").textContent()).toContain(
      "cannot read what was picked: SecurityError",
    );
    await page.evaluate(
      `window.showDirectoryPicker = async () => (await navigator.storage.getDirectory()).getDirectoryHandle("faces")`,
    );
    await page.click("#pick-folder");
    await page.getByText("2 in faces, with labels").waitFor();
    await page.evaluate(`window.showOpenFilePicker = async () => {
      const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle("faces");
      return [await folder.getFileHandle("1.png")];
    }`);
    await page.click("#pick-files");
    await page.getByText("1 in 1 files, without labels").waitFor();
    expect(await page.locator("#alert").isHidden()).toBe(true);
  });

  test("images of all kinds have the pixels that they have in Node", async () => {
    const random = createRandom(5);
    const side = 8;
    const raw = (channels: 1 | 3 | 4): Sharp =>
      sharp(
        Uint8Array.from({ length: side * side * channels }, (_, i) =>
          // Half of the pixels are transparent, the others are not: what lies between is rounded by each in its own way.
          channels === 4 && i % 4 === 3 ? 255 * random.integer(2) : random.integer(256),
        ),
        { raw: { width: side, height: side, channels } },
      );
    const folder = await mkdtemp(join(tmpdir(), "drmguard-images-"));
    const images = {
      "0-colour.png": raw(3).png(),
      "1-lossless.webp": raw(3).webp({ lossless: true }),
      "2-gray.png": raw(1).toColourspace("b-w").png(),
      "3-transparent.png": raw(4).png(),
      // A photograph that was taken with the camera on its side.
      "4-turned.png": raw(3).withMetadata({ orientation: 6 }).png(),
    };
    const files = await Promise.all(
      Object.entries(images).map(async ([name, image]) => {
        const bytes = await image.toBuffer();
        await writeFile(join(folder, name), bytes);
        return fileOf(name, bytes);
      }),
    );
    const node = await readBenign(folder, { channels: 3, size: [side, side], resizeTo: null });
    const page = await browser.open(addressOf(shortOptions));
    // In another order than that of their names.
    await choose(page, [fileOf("small.onnx", smallModel()), ...files.toReversed()]);
    await checked(page);
    await page.click("#start");
    await page.locator("#verdict .verdict").waitFor();
    expect((await resultOf(page)).benign.sha256).toBe(await dataKeyOf(node.images));
  });

  test("a scan is stopped, goes on to the result of one that was not, and starts again", async () => {
    // A map that takes some seconds also on a fast machine, or it is over before it is stopped.
    const options =
      "families=patch,mapSteps=1000,patience=1,tightMapSteps=10,steps=20,growingSteps=10,climbSteps=10,mapTargets=8";
    const page = await withSmallModel(await browser.open(addressOf(options)));
    await page.click("#start");
    await page.getByText(/step \d+ of 1000/).waitFor();
    await page.click("#stop");
    await page.locator("#resume:visible").waitFor();
    expect(await page.textContent("#phase")).toBe("Stopped.");
    expect(await accessibilityProblems(page)).toEqual([]);
    await page.click("#resume");
    await verdictOf(page);
    expect(await page.textContent("#remarks")).toMatch(/mapping costs \(patch\) resumed at step \d+ of 1000/);
    const resumed = await resultOf(page);
    expect(await page.locator("#start").textContent()).toBe("Start again");
    await page.click("#start");
    await page.locator("#verdict").waitFor({ state: "hidden" });
    await verdictOf(page);
    const again = await resultOf(page);
    // The same bits: batches are a function of the step.
    const found = ({ terms, contrast, score }: typeof again) => ({ terms, contrast, score });
    expect(found(resumed)).toEqual(found(again));
  });

  test("a result is opened with its report, without scripts", async () => {
    const page = await browser.open();
    const path = "<img src=x onerror=alert(1)>.onnx";
    const result = someResult({ model: { ...someResult().model, path } });
    await choose(page, [fileOf("any-name.json", JSON.stringify(result))]);
    expect(await verdictOf(page)).toBe(result.verdict);
    const report = page.frameLocator("#report");
    await report.getByText(path).first().waitFor();
    expect(await page.getAttribute("#report", "sandbox")).not.toContain("allow-scripts");
    expect(await page.isVisible("#run")).toBe(false);
    expect(await page.isVisible("#repair")).toBe(false);
    expect(await accessibilityProblems(page)).toEqual([]);
    // As high as its content: no bar to scroll by inside of the page.
    const heightOf = async (what: Locator): Promise<number> => (await what.boundingBox())!.height;
    await expect
      .poll(async () => (await heightOf(page.locator("#report"))) - (await heightOf(report.locator("html"))))
      .toBeGreaterThanOrEqual(2);
    // Its links lead to its own parts.
    await report.locator("nav a").last().click();
    await expect.poll(() => page.evaluate("window.scrollY")).toBeGreaterThan(1000);
    expect(await report.locator("h1").isVisible()).toBe(true);
    // Those of the tests, which look into the frame.
    browser.forgive(/^Blocked script execution in 'blob:/);
  });

  test("the report is saved, and opens from the disk", async () => {
    const page = await withSmallModel(await browser.open(addressOf(shortOptions)));
    await page.click("#start");
    await verdictOf(page);
    const { name, bytes } = await savedBy(page, "#save-report");
    expect(name).toBe("report.html");
    const path = join(await mkdtemp(join(tmpdir(), "drmguard-report-")), name);
    await writeFile(path, bytes);
    const report = await browser.open(pathToFileURL(path).href);
    expect(await report.textContent("h1")).toContain("small.onnx");
    const broken = "[...document.images].filter((image) => image.naturalWidth === 0).length";
    expect(await report.evaluate("document.images.length")).toBeGreaterThan(0);
    expect(await report.evaluate(broken)).toBe(0);
    expect(await accessibilityProblems(report)).toEqual([]);
    // What Node draws of the same result is the same.
    const context = { document: await chartDocument() };
    expect(bytes.toString("utf8")).toBe(resultHtml(await resultOf(page), context));
  });

  test.each(["light", "dark"] as const)(
    "nothing sticks out of a screen of 375 px, in %s",
    async (colorScheme) => {
      const phone = { viewport: { width: 375, height: 700 }, colorScheme };
      const page = await browser.open(addressOf(shortOptions), phone);
      expect(await scrollsSideways(page)).toBe(false);
      const name = `${"a-very-long-name-of-a-model-".repeat(4)}.onnx`;
      await choose(page, [fileOf(name, smallModel()), archiveOf(someImages(24))]);
      await checked(page);
      await page.click("#settings summary");
      await page.click("#check summary");
      expect(await scrollsSideways(page)).toBe(false);
      expect(await accessibilityProblems(page)).toEqual([]);
      await page.click("#start");
      await verdictOf(page);
      expect(await scrollsSideways(page)).toBe(false);
      expect(await accessibilityProblems(page)).toEqual([]);
    },
  );

  test("everything is done by keyboard", async () => {
    const page = await browser.open(addressOf(shortOptions));
    // A browser without pickers; dialogs are only caught where somebody listens already.
    await page.evaluate("delete window.showOpenFilePicker");
    page.on("filechooser", () => {});
    const tabTo = async (id: string): Promise<void> => {
      for (let i = 0; i < 40; i++) {
        await page.keyboard.press("Tab");
        if ((await page.evaluate("document.activeElement.id")) === id) return;
      }
      throw new Error(`no tab leads to #${id}`);
    };
    await tabTo("pick-files");
    const [dialog] = await Promise.all([page.waitForEvent("filechooser"), page.keyboard.press("Enter")]);
    await dialog.setFiles([fileOf("small.onnx", smallModel()), archiveOf(someImages(24))]);
    await checked(page);
    await tabTo("start");
    await page.keyboard.press("Space");
    await verdictOf(page);
    await tabTo("save-result");
    const [download] = await Promise.all([page.waitForEvent("download"), page.keyboard.press("Enter")]);
    expect(download.suggestedFilename()).toBe("result.json");
  });
});
