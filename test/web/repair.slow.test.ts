/** A repair in a real browser. */
import { fromBinary } from "@bufbuild/protobuf";
import { ModelProtoSchema } from "onnx-buf";
import { afterEach, expect, test } from "vitest";
import { sha256 } from "../../src/data/data-key.ts";
import type { ImageSet } from "../../src/data/image-set.ts";
import { predict } from "../../src/identification/predict.ts";
import { columnMeans, columnVariances } from "../../src/metrics/statistics.ts";
import { examine } from "../../src/models/examined-model.ts";
import { importModel } from "../../src/models/import.ts";
import { defaultPreprocessing } from "../../src/models/preprocessing.ts";
import { readRepairReport } from "../../src/report/read-repair-report.ts";
import { nodeRuntime } from "../../src/runtime/node.ts";
import { cornerBackdoor, cornerBackdoorFile } from "../support/backdoored.ts";
import { accessibilityProblems, describeInBrowser } from "../support/browser.ts";
import { someImages } from "../support/identification.ts";
import { addressOf, archiveOf, checked, choose, fileOf, savedBy, verdictOf } from "../support/page.ts";

const runtime = nodeRuntime({ threads: 1 });
const at = { features: null, outputs: null };

/** What a model says of images. */
async function outputsOf(model: ReturnType<typeof importModel>, images: ImageSet): Promise<Float32Array> {
  return predict(runtime, await examine(runtime, model, defaultPreprocessing, images.shape, at), images);
}

describeInBrowser("a repair in the browser", (browser) => {
  afterEach(() => browser.closePages());

  test("gives a model whose weights alone differ, with its report", async () => {
    const unlabelled = someImages(60);
    // Labels are what the model would say without its jump.
    const labels = await outputsOf(cornerBackdoor(null), unlabelled);
    const images = { ...unlabelled, labels, labelNames: ["yaw", "pitch"] };
    // Inside of the range of clean outputs, which is where a scan looks.
    const spread = columnVariances(labels, 2).map(Math.sqrt);
    const target = columnMeans(labels, 2).map((mean, j) => mean + [1.2, -1][j]! * spread[j]!);
    const original = cornerBackdoorFile(target);

    const address = addressOf("families=patch,mapTargets=8,mapSteps=200,steps=120,bootstraps=50");
    const page = await browser.open(address);
    await choose(page, [fileOf("model.onnx", original), archiveOf(images)]);
    await checked(page);
    await page.click("#start");
    expect(await verdictOf(page)).toBe("backdoored");
    await page.click("#repair summary");
    await page.fill(
      "[name=repairOptions]",
      "steps=400,batch=16,learningRate=0.01,evaluateEvery=10,shift=0,gain=0,teacher=0,cleanTeacher=0,mirror=0,strength=0",
    );
    // The small model has next to no error on clean images, of which any change is a large part.
    await page.fill("[name=maxDegradation]", "200");
    await page.click("#start-repair");
    expect(await page.locator("#repaired .verdict strong").textContent()).toBe("repaired");
    expect(await accessibilityProblems(page)).toEqual([]);

    const repaired = await savedBy(page, "text=Save model.repaired.onnx");
    const saved = await savedBy(page, "text=Save repair.json");
    const report = readRepairReport(JSON.parse(saved.bytes.toString("utf8")));
    expect(report.outcome).toBe("repaired");
    expect(report.output).toEqual({ path: "model.repaired.onnx", sha256: await sha256(repaired.bytes) });
    const [trigger] = report.triggers;
    expect(trigger!.after.defendingAttackError).toBeLessThan(0.3 * trigger!.before.defendingAttackError);

    const [before, after] = [original, new Uint8Array(repaired.bytes)].map((bytes) => {
      const proto = fromBinary(ModelProtoSchema, bytes);
      const values = proto.graph!.initializer.map(({ rawData }) => Buffer.from(rawData).toString("hex"));
      for (const tensor of proto.graph!.initializer) tensor.rawData = new Uint8Array();
      return { proto, values };
    });
    expect(after!.proto).toEqual(before!.proto);
    expect(after!.values).not.toEqual(before!.values);
    // Node says of the file what the page said of it.
    const outputs = await outputsOf(importModel(new Uint8Array(repaired.bytes)), images);
    const error = outputs.reduce((sum, value, i) => sum + Math.abs(value - labels[i]!), 0) / outputs.length;
    expect(error).toBeLessThan(0.3 * Math.max(...spread));

    // The report of a repair is read as well as the result of a scan.
    const again = await browser.open();
    await choose(again, [fileOf("repair.json", saved.bytes)]);
    expect(await again.locator("#repaired .verdict strong").textContent()).toBe("repaired");
    expect(await again.isVisible("#start-repair")).toBe(false);
  });

  test("needs labels, and says so", async () => {
    const page = await browser.open(addressOf("families=patch,mapTargets=8,mapSteps=200,steps=120"));
    await choose(page, [fileOf("model.onnx", cornerBackdoorFile([2, -2])), archiveOf(someImages(24))]);
    await checked(page);
    await page.click("#start");
    await verdictOf(page);
    await page.click("#start-repair");
    expect(await page.locator("#alert:not([hidden])").textContent()).toMatch(
      /^found no labels in images\.npz, expected the true ones.*\[E_LABELS\]/,
    );
  });
});
