/** Small data sets on disk, in the formats of the real ones. */
import { copyFileSync, mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import sharp, { type Sharp } from "sharp";

/** A file that a reference script wrote. */
export const datasetReference = (name: string): string =>
  fileURLToPath(new URL(`../references/datasets/${name}`, import.meta.url));

/** What an image file shows: one colour, or a byte for each pixel and channel. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly colour: readonly [number, number, number] | ((x: number, y: number) => readonly number[]);
}

/**
 * Writes files into a new folder and gives its path.
 *
 * @param files texts, bytes or pictures by path; pictures are coded as the extension says
 */
export async function datasetOf(
  files: Readonly<Record<string, string | Uint8Array | Picture>>,
): Promise<string> {
  const root = mkdtempSync(join(tmpdir(), "drmguard-dataset-"));
  for (const [name, content] of Object.entries(files)) {
    const path = join(root, name);
    mkdirSync(dirname(path), { recursive: true });
    if (typeof content === "string" || content instanceof Uint8Array) writeFileSync(path, content);
    else await imageOf(content).toFile(path);
  }
  return root;
}

/** Copies a reference file into a data set. */
export function addReference(root: string, reference: string, name: string): void {
  mkdirSync(dirname(join(root, name)), { recursive: true });
  copyFileSync(datasetReference(reference), join(root, name));
}

function imageOf({ width, height, colour }: Picture): Sharp {
  const bytes = Uint8Array.from({ length: width * height * 3 }, (_, i) => {
    const pixel = Math.floor(i / 3);
    const values = typeof colour === "function" ? colour(pixel % width, Math.floor(pixel / width)) : colour;
    return values[i % 3]!;
  });
  return sharp(bytes, { raw: { width, height, channels: 3 } }).jpeg({
    quality: 100,
    chromaSubsampling: "4:4:4",
    force: false,
  });
}
