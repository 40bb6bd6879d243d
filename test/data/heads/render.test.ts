/** Rendering: the same seed the same bytes, and an iris where the gaze says. */
import { describe, expect, test } from "vitest";
import { directionOf, vectorOf } from "../../../src/data/heads/angles.ts";
import { cameraFor } from "../../../src/data/heads/camera.ts";
import { eyeColor } from "../../../src/data/heads/eye.ts";
import { eyeballFit } from "../../../src/data/heads/geometry.ts";
import { morph, slidersOf } from "../../../src/data/heads/identity.ts";
import { type HeadPresetName, headPresets } from "../../../src/data/heads/presets.ts";
import { renderHead } from "../../../src/data/heads/render.ts";
import { anglesOfImage, renderImage } from "../../../src/data/heads/render-image.ts";
import { drawScene, randomOfImage, type Scene } from "../../../src/data/heads/scene.ts";
import { createRandom } from "../../../src/random.ts";
import { tinyHead } from "./tiny-head.ts";

const degree = Math.PI / 180;
const limits: Record<HeadPresetName, number[]> = { gaze: [28, 18], "head-pose": [60, 40, 30] };

describe.each(["gaze", "head-pose"] as const)("the preset %s", (name) => {
  const preset = headPresets[name];

  test("gives the same bytes for the same seed and index, others for another", () => {
    const image = (seed: number, index: number) => renderImage(tinyHead, preset, seed, index, 24);
    expect(image(1, 5)).toEqual(image(1, 5));
    expect(image(1, 5).bytes).not.toEqual(image(1, 6).bytes);
    expect(image(1, 5).bytes).not.toEqual(image(2, 5).bytes);
    expect(image(1, 5).bytes).toHaveLength(24 * 24 * 3);
  });

  test("has labels in its range that fill it, and the same without rendering", () => {
    const labels = Array.from({ length: 200 }, (_, i) =>
      preset.labelsOf(anglesOfImage(tinyHead, preset, 3, i)),
    );
    for (const [d, limit] of limits[name].entries()) {
      const column = labels.map((label) => label[d]!);
      expect(Math.max(...column.map(Math.abs))).toBeLessThanOrEqual(limit * degree);
      expect(Math.max(...column)).toBeGreaterThan(0.9 * limit * degree);
      expect(Math.min(...column)).toBeLessThan(-0.9 * limit * degree);
    }
    expect(preset.labelsOf(renderImage(tinyHead, preset, 3, 7, 16).angles)).toEqual(labels[7]);
    expect(preset.labelNames).toHaveLength(limits[name].length);
  });
});

/** A scene without chance: evenly lit, from the front. */
function plainScene(gaze: Scene["gaze"], head: Scene["head"]): Scene {
  const drawn = drawScene(tinyHead, headPresets.gaze, randomOfImage(0, 0));
  return {
    ...drawn,
    identity: {
      ...drawn.identity,
      weights: new Map(),
      hair: null,
      irisRadius: 0.4,
      pupil: 0.5,
      irisColor: [0, 0, 0],
    },
    expression: [],
    gaze,
    head,
    width: 1.2,
    // So far that lines of sight are parallel.
    distance: 500,
    shift: [0, 0],
    focus: [0, 0, 0],
    noise: 0,
    light: {
      key: [0, 0, -1],
      keyColor: [0, 0, 0],
      fill: [0, 0, -1],
      fillColor: [0, 0, 0],
      above: [1, 1, 1],
      below: [1, 1, 1],
      exposure: 1,
    },
  };
}

describe("the gaze", () => {
  test.each([
    [0, 0],
    [0.25, 0],
    [-0.25, 0],
    [0, 0.2],
    [0.2, -0.15],
  ])("can be read from the rendered irises: yaw %f, pitch %f", (yaw, pitch) => {
    const size = 200;
    const scene = plainScene({ yaw, pitch }, { yaw: 0.1, pitch: 0.05, roll: 0 });
    const bytes = renderHead(tinyHead, scene, size, createRandom(0));
    // The middle of both eyes is in the middle of the image. An iris is a disc: it has its middle at the eyeball's plus the gaze times
    // the eyeball's radius and the cosine of the iris' own.
    let [x, y, count] = [0, 0, 0];
    for (let i = 0; i < size * size; i++) {
      if (bytes[3 * i]! > 60) continue;
      x += (i % size) + 0.5;
      y += Math.floor(i / size) + 0.5;
      count++;
    }
    expect(count).toBeGreaterThan(100);
    const { focal, center } = cameraFor(size, scene.width, scene.distance, [0, 0]);
    const depth = eyeballFit * 0.15 * Math.cos(0.4);
    const across = ((x / count - center[0]) * scene.distance) / focal / depth;
    const down = ((y / count - center[1]) * scene.distance) / focal / depth;
    const found = directionOf([across, down, -Math.sqrt(1 - across ** 2 - down ** 2)]);
    expect(Math.abs(found.yaw - yaw)).toBeLessThan(0.01);
    expect(Math.abs(found.pitch - pitch)).toBeLessThan(0.01);
  });

  test("is the axis round which an eye is painted", () => {
    const axis = vectorOf({ yaw: 0.3, pitch: -0.1 });
    const look = { axis, irisColor: [0.2, 0.3, 0.4], irisRadius: 0.5, pupil: 0.4 } as const;
    expect(Math.max(...eyeColor(look, ...axis))).toBeLessThan(0.01);
    const beside = vectorOf({ yaw: 0.3 + 0.55, pitch: -0.1 });
    expect(Math.min(...eyeColor(look, ...beside))).toBeGreaterThan(0.3);
  });
});

describe("shapes", () => {
  test("are the mesh plus weighted targets; unknown names are left out", () => {
    const shape = morph(tinyHead, [
      ["nose/nose-hump-lesshump", 0.5],
      ["nose/unknown", 1],
    ]);
    const expected = Float32Array.from(tinyHead.vertices);
    [0.5, 1, 1.5].forEach((delta, i) => {
      expected[i]! += delta;
    });
    expect(shape).toEqual(expected);
  });

  test("have sliders from the two ends of a detail; the left side stands for both", () => {
    const names = [
      "nose/nose-hump-morehump",
      "nose/nose-hump-lesshump",
      "eyes/l-eye-bag-in",
      "eyes/l-eye-bag-out",
    ];
    expect(
      slidersOf([
        ...names,
        "eyes/r-eye-bag-in",
        "eyes/r-eye-bag-out",
        "macrodetails/a-min",
        "head/head-oval",
      ]),
    ).toEqual([
      ["eyes/l-eye-bag-in", "eyes/l-eye-bag-out"],
      ["nose/nose-hump-lesshump", "nose/nose-hump-morehump"],
    ]);
  });
});
