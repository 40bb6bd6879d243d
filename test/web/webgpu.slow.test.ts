/** WebGPU, imitated by software: slow, but with the shaders that a graphics processor runs. */
import { afterEach, expect, test } from "vitest";
import { describeInBrowser } from "../support/browser.ts";
import { smallModel } from "../support/cli.ts";
import { checked, choose, fileOf } from "../support/page.ts";

describeInBrowser(
  "WebGPU",
  (browser) => {
    afterEach(() => browser.closePages());

    test("passes its self-test and the check of a model, and is not chosen where it is only imitated", async ({
      skip,
    }) => {
      const page = await browser.open("?provider=webgpu&threads=1");
      const hasAdapter = "navigator.gpu?.requestAdapter().then((adapter) => adapter !== null) ?? false";
      if (!(await page.evaluate(hasAdapter))) {
        console.warn("WebGPU: SKIPPED, this Chromium imitates no graphics processor");
        skip();
      }
      await choose(page, [fileOf("small.onnx", smallModel())]);
      expect(await checked(page)).toContain("It can be scanned");
      expect(await page.textContent("#engine")).toContain("(WebGPU)");

      const usual = await browser.open("?threads=1");
      await choose(usual, [fileOf("small.onnx", smallModel())]);
      expect(await checked(usual)).toContain("It can be scanned");
      expect(await usual.textContent("#engine")).toContain("(WebAssembly, 1 thread)");
      expect(await usual.textContent("#remarks")).toContain(
        "WebAssembly instead of WebGPU: the graphics processor is only imitated by software",
      );
    }, 180_000);
  },
  "software",
);
