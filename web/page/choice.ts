/** What a pile of files is: a model, clean images, or a result. */
import type { ImageFiles, ModelFiles } from "../messages.ts";

/** A file, and where it lay in what was dropped or chosen. */
export interface GivenFile {
  readonly file: File;
  /** With the folders, as `images/0001.png`. */
  readonly path: string;
}

/** What was found among files. */
export interface FoundFiles {
  readonly model: ModelFiles | null;
  readonly images: ImageFiles | null;
  /** A labels.csv that came without images. */
  readonly labels: File | null;
  /** Files that a model may keep its weights in, and that came without one. */
  readonly external: readonly File[];
  readonly result: File | null;
  /** What is wrong with them; empty when nothing is. */
  readonly problems: readonly string[];
}

const imagePattern = /\.(png|jpe?g|webp)$/i;
const labelsFile = "labels.csv";

/**
 * Sorts files by their names. Images lie in one folder: those in folders inside of it are left out, as the command line does.
 *
 * @param given all files that were dropped or chosen at once
 */
export function sortFiles(given: readonly GivenFile[]): FoundFiles {
  const visible = given.filter(({ file }) => !file.name.startsWith("."));
  const named = (pattern: RegExp): GivenFile[] => visible.filter(({ file }) => pattern.test(file.name));
  const models = named(/\.onnx$/i);
  const archives = named(/\.npz$/i);
  const pictures = named(imagePattern);
  const tables = named(/\.csv$/i);
  const results = named(/\.json$/i);
  const known = new Set([...models, ...archives, ...pictures, ...tables, ...results]);
  const external = visible.filter((each) => !known.has(each)).map(({ file }) => file);
  const problems: string[] = [];
  const tooMany = (found: readonly GivenFile[], what: string): void => {
    if (found.length < 2) return;
    const names = found.map(({ file }) => file.name).slice(0, 3);
    problems.push(`found ${found.length} ${what} (${names.join(", ")}), expected one`);
  };
  tooMany(models, "models");
  tooMany(archives, "archives of images");
  if (archives.length > 0 && pictures.length > 0) {
    problems.push("found an archive of images and images beside it, expected one of the two");
  }
  const images = archives[0] === undefined ? folderOf(pictures, tables) : archiveOf(archives[0]);
  const labels = images === null ? tables.find(({ file }) => file.name === labelsFile)?.file : undefined;
  const [model] = models;
  const isResult = model === undefined && images === null && results[0] !== undefined;
  if (isResult) tooMany(results, "results");
  if (visible.length === 0) problems.push("found no files");
  return {
    model: model === undefined ? null : { model: model.file, external },
    images,
    labels: labels ?? null,
    external: model === undefined ? external : [],
    result: isResult ? results[0]!.file : null,
    problems,
  };
}

const archiveOf = ({ file }: GivenFile): ImageFiles => ({
  name: file.name,
  files: [file],
  labels: null,
  unsearched: 0,
});

const folderPathOf = ({ path }: GivenFile): string => path.slice(0, path.lastIndexOf("/") + 1);
const depthOf = (each: GivenFile): number => folderPathOf(each).split("/").length;

function folderOf(pictures: readonly GivenFile[], tables: readonly GivenFile[]): ImageFiles | null {
  if (pictures.length === 0) return null;
  const depth = Math.min(...pictures.map(depthOf));
  const folder = folderPathOf(pictures.find((each) => depthOf(each) === depth)!);
  const chosen = pictures.filter((each) => folderPathOf(each) === folder);
  const others = new Set(pictures.filter((each) => !chosen.includes(each)).map(folderPathOf));
  const labels = tables.find((each) => each.file.name === labelsFile && folderPathOf(each) === folder);
  return {
    name: folder.split("/").at(-2) || `${chosen.length} files`,
    files: chosen.map(({ file }) => file),
    labels: labels?.file ?? null,
    unsearched: others.size,
  };
}
