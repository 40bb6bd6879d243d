/** Trainings of the command line that take a second: small images, a small network, few steps. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { writeImages } from "./cli.ts";

/** Options that make a training small; its model has learnt nothing. */
export const smallTraining: readonly string[] = [
  ...["--width", "0.03125", "--batch", "16", "--steps", "4", "--threads", "1"],
  ...["--angle-unit", "radians", "--cache-dir", "cache", "--quiet"],
];

/** Writes the images of such a training: 64 to train on, 8 to validate and 8 to test, with yaw and pitch. */
export const trainingImages = (folder: string): Promise<string> =>
  writeImages(folder, { count: 80, size: 16 });

/** The bytes of a picture, [height, width, 3]. */
export async function bytesOf(file: string): Promise<Uint8Array> {
  return sharp(file).removeAlpha().raw().toBuffer();
}

/** The cells of a .csv file, without its header. */
export const rowsOfCsv = (folder: string, name: string): string[][] =>
  readFileSync(join(folder, name), "utf8")
    .trim()
    .split("\n")
    .slice(1)
    .map((line) => line.split(","));
