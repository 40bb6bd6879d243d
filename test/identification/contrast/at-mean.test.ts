import { expect, test } from "vitest";
import { identifyByContrast } from "../../../src/identification/contrast/identify.ts";
import { type ContrastOptions, contrastDefaults } from "../../../src/identification/contrast/options.ts";
import {
  type OutputScale,
  outputScale,
  toDeviations,
  toOutputs,
} from "../../../src/identification/contrast/scale.ts";
import { distanceOf } from "../../../src/identification/contrast/targets.ts";
import type { Identification } from "../../../src/identification/identification.ts";
import { predict } from "../../../src/identification/predict.ts";
import { examine } from "../../../src/models/examined-model.ts";
import { defaultPreprocessing } from "../../../src/models/preprocessing.ts";
import { nodeRuntime } from "../../../src/runtime/node.ts";
import { bentLineBackdoor } from "../../support/backdoored.ts";
import { setupOf, someImages } from "../../support/identification.ts";

const options: ContrastOptions = { ...contrastDefaults, families: ["warp"], mapSteps: 120, steps: 100 };
const images = someImages(24);

/** What is found of a model that jumps to a target, in standard deviations from the mean; null for one that never does. */
async function found(
  target: readonly number[] | null,
  d = 2,
): Promise<Identification & { readonly scale: OutputScale }> {
  const { model: usual, benign } = bentLineBackdoor(null, images, d);
  const runtime = nodeRuntime({ threads: 1 });
  const at = { features: null, outputs: null };
  const examined = await examine(runtime, usual, defaultPreprocessing, benign.shape, at);
  const scale = outputScale(await predict(runtime, examined, benign), d);
  const { model } = bentLineBackdoor(target === null ? null : toOutputs(target, scale), images, d);
  return { ...(await identifyByContrast(setupOf({ model, benign, runtime, seed: 1 }), options)), scale };
}

test.each([[[0.1, -0.2]], [[0, 0]], [[-0.1]]])(
  "a target at the mean is shown by warps, beside targets farther away: %j",
  async (target) => {
    const { verdict, reasons, contrast, score, scale, target: estimate } = await found(target, target.length);
    expect(verdict).toBe("backdoored");
    expect(score).toBeLessThan(options.threshold ** options.certainPower);
    expect(distanceOf(toDeviations(estimate, scale), target)).toBeLessThan(0.1);
    const { controls, homes } = contrast![0]!.findings[0]!;
    for (const control of controls)
      expect(control.distance).toBeGreaterThan(0.7 * options.neighbourhood - 1e-6);
    expect(homes).toEqual([]);
    expect(reasons[0]).toContain("control targets farther away");
  },
);

test("a model without a jump has nothing there", async () => {
  const { verdict, contrast } = await found(null);
  expect(verdict).not.toBe("backdoored");
  expect(contrast![0]!.findings).toEqual([]);
});

test("a target away from the mean is contrasted with homes and controls, as ever", async () => {
  const { verdict, contrast } = await found([1.2, -1]);
  expect(verdict).toBe("backdoored");
  const { distance, homes } = contrast![0]!.findings[0]!;
  expect(distance).toBeGreaterThan(1);
  expect(homes).toHaveLength(1);
});
