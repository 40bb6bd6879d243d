/** Which data set lies at a path: told by its files, not by the names of its folders. */
import { DrmGuardError } from "../../../errors.ts";
import type { DataSet } from "../../datasets/dataset.ts";
import { biwi } from "./biwi.ts";
import { cifar10 } from "./cifar10.ts";
import { columbia } from "./columbia.ts";
import { biwiCropped, pandoraCropped } from "./cropped-faces.ts";
import { type DataSetFormat, type DataSetOptions, defaultOptions } from "./format.ts";
import { gazeHub } from "./gazehub.ts";
import { mpiiNormalised } from "./mpii-normalised.ts";
import { mpiiOriginal } from "./mpii-original.ts";
import { plainFolder } from "./plain-folder.ts";
import { renderedHeads } from "./rendered-heads.ts";
import { readTree } from "./tree.ts";

/**
 * All readers; the first that knows the files reads them. A labels.csv is what users add to anything, so it comes before all but
 * rendered heads, which have one too.
 */
export const dataSetFormats: readonly DataSetFormat[] = [
  renderedHeads,
  plainFolder,
  mpiiNormalised,
  mpiiOriginal,
  gazeHub,
  columbia,
  biwi,
  biwiCropped,
  pandoraCropped,
  cifar10,
];

/**
 * Opens the data set at a path.
 *
 * Throws E_FILE when the path cannot be read, E_IMAGES when no reader knows its files (the message says what was found and what
 * each expects) or nothing in it can be used, E_LABELS, and E_USAGE when there is no such format or an option is given that the
 * format does not have.
 *
 * @param path a folder, or a single file of it
 * @param options what the user says of it
 * @param format the name of a reader; null to find out
 */
export async function openDataSet(
  path: string,
  options: Partial<DataSetOptions> = {},
  format: string | null = null,
): Promise<DataSet> {
  const names = dataSetFormats.map(({ name }) => name);
  if (format !== null && !names.includes(format))
    throw new DrmGuardError("E_USAGE", `found "${format}", expected one of ${names.join(", ")}`);
  const tree = await readTree(path);
  const allowed = format === null ? dataSetFormats : dataSetFormats.filter(({ name }) => name === format);
  const reader = allowed.find((each) => each.matches(tree.files));
  if (reader === undefined) throw unknown(path, tree.files, allowed);
  const said = { ...defaultOptions, ...options };
  const strange = (Object.keys(said) as (keyof DataSetOptions)[]).filter(
    (name) => isSaid(said[name]) && !reader.options.includes(name),
  );
  if (strange.length > 0) {
    throw new DrmGuardError(
      "E_USAGE",
      `found ${strange.join(", ")} for ${reader.title}, expected ${reader.options.join(", ") || "no options"}`,
    );
  }
  return reader.open(tree, said);
}

const isSaid = (value: unknown): boolean => value !== null && (!Array.isArray(value) || value.length > 0);

function unknown(path: string, files: readonly string[], allowed: readonly DataSetFormat[]): DrmGuardError {
  const some = files.slice(0, 3).join(", ") || "nothing but hidden files";
  const more = files.length > 3 ? ` and ${files.length - 3} more` : "";
  const expected =
    allowed.length === 1 ? `${allowed[0]!.title}: ${allowed[0]!.expects}` : "a data set that is known";
  const list = dataSetFormats.map((each) => `  ${each.name}: ${each.expects}`).join("\n");
  return new DrmGuardError("E_IMAGES", `found ${some}${more} in ${path}, expected ${expected}`, {
    hint: `known data sets and their files:\n${list}`,
  });
}
