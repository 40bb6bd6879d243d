/** Clean images from disk: a folder of images, or a .npz file. */
import { readdir, readFile, stat } from "node:fs/promises";
import { extname, join } from "node:path";
import { DrmGuardError, messageOf } from "../../errors.ts";
import { readBenignNpz } from "../benign-npz.ts";
import { type CollectedImages, collectImages, type ImageWants } from "../collect.ts";
import { type Labels, readLabels } from "../labels-csv.ts";
import { type PlanarImage, planarFromBytes } from "../planar-image.ts";
import { decodeImage } from "./decode-image.ts";
import { fileError } from "./file-error.ts";
import { decodedAtOnce, inOrder } from "./in-order.ts";

const imageExtensions: ReadonlySet<string> = new Set([".png", ".jpg", ".jpeg", ".webp"]);
const labelsFile = "labels.csv";

/**
 * Reads clean images.
 *
 * A folder holds PNG, JPEG or WebP files, taken in the order of their names, and a `labels.csv` if there are labels. A .npz file holds
 * `images` and maybe `labels`, as {@link readBenignNpz} says.
 *
 * Throws E_FILE when the path cannot be read, E_IMAGES when an image cannot be decoded (all such are named in one message), and what
 * {@link collectImages} and {@link readLabels} throw.
 *
 * @param path the folder or file
 * @param wants what the model takes
 */
export async function readBenign(path: string, wants: ImageWants): Promise<CollectedImages> {
  const kind = await stat(path).catch((cause: unknown) => {
    throw fileError(`cannot read the clean images at ${path}`, cause);
  });
  if (kind.isDirectory()) return readFolder(path, wants);
  if (extname(path).toLowerCase() === ".npz") return readBenignNpz(await readWhole(path), wants);
  throw new DrmGuardError(
    "E_IMAGES",
    `found ${path}, expected a folder of PNG, JPEG or WebP images, or a .npz file`,
  );
}

async function readFolder(path: string, wants: ImageWants): Promise<CollectedImages> {
  const entries = await readdir(path, { withFileTypes: true }).catch((cause: unknown) => {
    throw fileError(`cannot list ${path}`, cause);
  });
  const files = entries
    .filter((entry) => !entry.isDirectory() && !entry.name.startsWith("."))
    .map((entry) => entry.name)
    .filter((name) => imageExtensions.has(extname(name).toLowerCase()))
    // By code units, not by locale: the order decides batches, and so must not depend on the machine.
    .sort();
  const folders = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  if (files.length === 0) {
    const inside =
      folders.length > 0
        ? ` (it has folders: ${folders.slice(0, 3).join(", ")}, which are not searched)`
        : "";
    throw new DrmGuardError("E_IMAGES", `found no PNG, JPEG or WebP images in ${path}${inside}`);
  }
  const labels = entries.some((entry) => entry.name === labelsFile) ? await readLabelsOf(path, files) : null;
  const { images, warnings } = await collectImages(decodeAll(path, files), files.length, wants, labels);
  const unsearched =
    folders.length > 0 ? [`${folders.length} folders inside ${path} were not searched for images`] : [];
  return { images, warnings: [...warnings, ...unsearched] };
}

async function readLabelsOf(path: string, files: readonly string[]): Promise<Labels> {
  return readLabels(labelsFile, new TextDecoder().decode(await readWhole(join(path, labelsFile))), files);
}

async function* decodeAll(path: string, files: readonly string[]): AsyncGenerator<PlanarImage> {
  const broken: string[] = [];
  const start = (name: string): Promise<PlanarImage | string> =>
    decodeImage(join(path, name), name).then(
      planarFromBytes,
      (cause: unknown) => `${name} (${messageOf(cause).split("\n")[0]})`,
    );
  for await (const found of inOrder(files, decodedAtOnce, start)) {
    if (typeof found === "string") broken.push(found);
    // After the first broken file the rest is decoded all the same, to name every broken one at once.
    else if (broken.length === 0) yield found;
  }
  if (broken.length === 0) return;
  const more = broken.length > 5 ? ` and ${broken.length - 5} more` : "";
  throw new DrmGuardError(
    "E_IMAGES",
    `${broken.length} of ${files.length} images cannot be decoded: ${broken.slice(0, 5).join(", ")}${more}`,
  );
}

async function readWhole(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (cause) {
    throw fileError(`cannot read ${path}`, cause);
  }
}
