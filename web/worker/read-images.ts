/** Clean images from files that were chosen. */
import { readBenignNpz } from "../../src/data/benign-npz.ts";
import { type CollectedImages, collectImages, type ImageWants } from "../../src/data/collect.ts";
import { readLabels } from "../../src/data/labels-csv.ts";
import { type PlanarImage, planarFromBytes } from "../../src/data/planar-image.ts";
import { DrmGuardError, messageOf } from "../../src/errors.ts";
import type { ImageSource } from "../../src/workflows/host.ts";
import type { ImageFiles } from "../messages.ts";
import { decodeImage } from "./pictures.ts";

/** So many files are named in a message. */
const mostListed = 5;

/** Images that are read when a workflow asks for them. */
export function imageSource(chosen: ImageFiles): ImageSource {
  return { path: chosen.name, read: (wants) => readImages(chosen, wants) };
}

async function readImages(
  { files, labels, unsearched }: ImageFiles,
  wants: ImageWants,
): Promise<CollectedImages> {
  const [first] = files;
  if (first !== undefined && /\.npz$/i.test(first.name)) {
    return readBenignNpz(new Uint8Array(await first.arrayBuffer()), wants);
  }
  // By code units, as in Node: the order decides batches.
  const sorted = [...files].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  const names = sorted.map(({ name }) => name);
  const doubled = names.find((name, i) => name === names[i + 1]);
  if (doubled !== undefined) {
    throw new DrmGuardError("E_IMAGES", `found two images called ${doubled}, expected names that differ`);
  }
  const table = labels === null ? null : readLabels(labels.name, await labels.text(), names);
  const { images, warnings } = await collectImages(decodeAll(sorted), sorted.length, wants, table);
  const left =
    unsearched > 0 ? [`${unsearched} folders inside the one chosen were not searched for images`] : [];
  return { images, warnings: [...warnings, ...left] };
}

async function* decodeAll(files: readonly File[]): AsyncGenerator<PlanarImage> {
  const broken: string[] = [];
  for (const file of files) {
    try {
      const image = planarFromBytes(await decodeImage(file));
      // After the first broken file the rest is decoded all the same, to name every broken one at once.
      if (broken.length === 0) yield image;
    } catch (cause) {
      broken.push(`${file.name} (${messageOf(cause)})`);
    }
  }
  if (broken.length === 0) return;
  const more = broken.length > mostListed ? ` and ${broken.length - mostListed} more` : "";
  throw new DrmGuardError(
    "E_IMAGES",
    `${broken.length} of ${files.length} images cannot be decoded: ${broken.slice(0, mostListed).join(", ")}${more}`,
  );
}
