/** Heads as `drmguard data render` leaves them: images, `heads.json`, and all angles of each in `angles.csv`. */
import { DrmGuardError, messageOf } from "../../../errors.ts";
import { type HeadPresetName, headPresets } from "../../heads/presets.ts";
import type { DataSetFormat } from "./format.ts";
import { readTable } from "./plain-folder.ts";
import type { FileTree } from "./tree.ts";

const settingsFile = "heads.json";
const anglesFile = "angles.csv";
const title = "rendered heads";

/** The columns of `angles.csv` that are the labels of each task. */
const columnsOf: Readonly<Record<HeadPresetName, Readonly<Record<string, string>>>> = {
  gaze: { "gaze yaw": "yaw", "gaze pitch": "pitch" },
  "head-pose": { "head yaw": "yaw", "head pitch": "pitch", "head roll": "roll" },
};

/** The reader of this format. */
export const renderedHeads: DataSetFormat = {
  name: "heads",
  title,
  expects: "heads.json and angles.csv beside images, as drmguard data render leaves them",
  options: ["flip", "task", "crop"],
  matches: (files) => files.includes(settingsFile) && files.includes(anglesFile),
  async open(tree, options) {
    const task = options.task ?? (await presetOf(tree));
    return readTable(tree, anglesFile, options, { title, unit: "radians", columns: columnsOf[task] });
  },
};

/** What a set was rendered for, which is its task when none is asked for. */
async function presetOf(tree: FileTree): Promise<HeadPresetName> {
  const text = await tree.text(settingsFile);
  let preset: unknown;
  try {
    ({ preset } = JSON.parse(text) as { preset?: unknown });
  } catch (cause) {
    throw new DrmGuardError("E_LABELS", `${settingsFile} is not JSON: ${messageOf(cause)}`, { cause });
  }
  const known = Object.keys(headPresets) as HeadPresetName[];
  const found = known.find((name) => name === preset);
  if (found !== undefined) return found;
  throw new DrmGuardError(
    "E_LABELS",
    `${settingsFile} says preset ${JSON.stringify(preset)}, expected one of ${known.join(", ")}`,
  );
}
