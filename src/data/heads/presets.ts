/** Two tasks: where somebody looks, and how a head is turned. */
import type { Random } from "../../random.ts";
import { type Direction, type HeadPose, radians } from "./angles.ts";

/** How the heads of a set are turned and seen, and what their labels are. */
export interface HeadPreset {
  readonly name: HeadPresetName;
  readonly labelNames: readonly string[];
  readonly drawAngles: (random: Random) => { head: HeadPose; gaze: Direction };
  readonly labelsOf: (angles: { head: HeadPose; gaze: Direction }) => number[];
  /** What an image shows at the head, in dm, and by what part that varies. */
  readonly width: number;
  readonly zoom: number;
  /** Faces are off the middle by at most this part of the image's side. */
  readonly shift: number;
  /** Point in the middle of the image, from the middle of both eyes, in the model's frame, in dm. */
  readonly focus: readonly [number, number, number];
}

/** Names of the presets. */
export type HeadPresetName = "gaze" | "head-pose";

const spread = (random: Random, degrees: number): number => radians(degrees * (2 * random.uniform() - 1));

const gaze: HeadPreset = {
  name: "gaze",
  labelNames: ["yaw", "pitch"],
  // The head does a part of the way, as people do, so that eyes stay within 26 and 12 degrees of it and lids do not hide them.
  drawAngles(random) {
    const direction = { yaw: spread(random, 28), pitch: spread(random, 18) };
    const head = {
      yaw: direction.yaw / 2 + spread(random, 12),
      pitch: direction.pitch / 1.5 + spread(random, 6),
      roll: spread(random, 8),
    };
    return { head, gaze: direction };
  },
  labelsOf: ({ gaze: { yaw, pitch } }) => [yaw, pitch],
  width: 1.12,
  zoom: 0.08,
  shift: 0.03,
  focus: [0, -0.08, 0],
};

const headPose: HeadPreset = {
  name: "head-pose",
  labelNames: ["yaw", "pitch", "roll"],
  // Eyes turn with the head and a little further.
  drawAngles(random) {
    const head = { yaw: spread(random, 60), pitch: spread(random, 40), roll: spread(random, 30) };
    return {
      head,
      gaze: { yaw: head.yaw + spread(random, 12), pitch: head.pitch + spread(random, 8) },
    };
  },
  labelsOf: ({ head: { yaw, pitch, roll } }) => [yaw, pitch, roll],
  width: 3.1,
  zoom: 0.1,
  shift: 0.04,
  focus: [0, 0, -0.7],
};

/** The presets by name. */
export const headPresets: Readonly<Record<HeadPresetName, HeadPreset>> = { gaze, "head-pose": headPose };

/** What a set is made of when nothing else is said. */
export const headSetDefaults = {
  preset: "gaze",
  count: 5000,
  size: 64,
  seed: 0,
  processes: 2,
  format: "png",
} as const;
