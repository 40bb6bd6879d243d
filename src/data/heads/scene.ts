/** Everything about one image, drawn from one seed: image i of a set is the same whatever is rendered around it. */
import { createRandom, type Random } from "../../random.ts";
import {
  type Direction,
  directionOf,
  type HeadPose,
  rotationOf,
  transposed,
  turn,
  vectorOf,
} from "./angles.ts";
import { type Background, drawBackground } from "./background.ts";
import { type Color, drawColor } from "./color.ts";
import { drawExpression } from "./expression.ts";
import { drawIdentity, type Identity } from "./identity.ts";
import { drawLight, type Light } from "./light.ts";
import type { HeadModel } from "./model.ts";
import type { HeadPreset } from "./presets.ts";

/** What is rendered. Angles are in radians, in the frame of MPIIFaceGaze. */
export interface Scene {
  readonly identity: Identity;
  /** Morph targets of the expression with their weights. */
  readonly expression: readonly (readonly [string, number])[];
  readonly head: HeadPose;
  /** Where both eyes look, in the camera's frame. */
  readonly gaze: Direction;
  readonly light: Light;
  readonly background: Background;
  /** Linear. */
  readonly clothColor: Color;
  /** What the image shows at the head, in dm. */
  readonly width: number;
  /** From the camera to the head, in dm. */
  readonly distance: number;
  /** Where the camera's axis meets the image, as parts of its side from the middle. */
  readonly shift: readonly [right: number, down: number];
  /** Point of the head on the camera's axis, from the middle of both eyes, in the model's frame, in dm. */
  readonly focus: readonly [number, number, number];
  /** Standard deviation of the pixels' noise, in sRGB from 0 to 1. */
  readonly noise: number;
}

/** The random numbers of one image of a set. */
export function randomOfImage(seed: number, index: number): Random {
  return createRandom(seed).fork(`head ${index}`);
}

/**
 * Draws a scene.
 *
 * @param model what there is to choose from
 * @param preset how heads are turned and seen
 * @param random of the image: see {@link randomOfImage}
 */
export function drawScene(model: HeadModel, preset: HeadPreset, random: Random): Scene {
  const pose = random.fork("pose");
  const { head, gaze } = preset.drawAngles(pose);
  const eyeInHead = directionOf(turn(transposed(rotationOf(head)), vectorOf(gaze)));
  const identity = drawIdentity(model, random.fork("identity"));
  const camera = random.fork("camera");
  const jitter = (): number => preset.shift * (2 * camera.uniform() - 1);
  return {
    identity,
    expression: drawExpression(identity.race, eyeInHead, random.fork("expression")),
    head,
    gaze,
    light: drawLight(random.fork("light")),
    background: drawBackground(random.fork("background")),
    clothColor: drawColor(random.fork("clothes")),
    width: preset.width * (1 + preset.zoom * (2 * camera.uniform() - 1)),
    distance: 6 + 4 * camera.uniform(),
    shift: [jitter(), jitter()],
    focus: preset.focus,
    noise: 0.018 * camera.uniform(),
  };
}
