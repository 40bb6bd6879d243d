/** `drmguard data inspect PATH` */
import { extname } from "node:path";
import pc from "picocolors";
import type { DataSet } from "../../data/datasets/dataset.ts";
import { summarise } from "../../data/datasets/summary.ts";
import { contactSheet } from "../../data/node/datasets/contact-sheet.ts";
import { openDataSet } from "../../data/node/datasets/detect.ts";
import { writeWhole } from "../../data/node/write-whole.ts";
import { DrmGuardError } from "../../errors.ts";
import { createRandom } from "../../random.ts";
import { dataSetTable } from "../../report/dataset-table.ts";
import { plainColors } from "../../report/table.ts";
import { settingsOf } from "../command.ts";
import { verdictExitCodes } from "../exit-codes.ts";
import { print } from "../output.ts";
import type { GivenFlags } from "../resolve.ts";
import { inspectTable } from "../tables/data.ts";

/**
 * Prints what a data set holds, and writes a contact sheet of it.
 *
 * Throws what {@link openDataSet} throws, and E_WRITE when the sheet cannot be written.
 *
 * @returns the exit code
 */
export async function inspect(path: string, flags: GivenFlags): Promise<number> {
  const { values } = settingsOf(inspectTable, flags);
  const { format, output, kind, count, seed, flip, ...options } = values;
  if (extname(output!).toLowerCase() !== ".png")
    throw new DrmGuardError("E_USAGE", `found ${output}, expected a .png file for the contact sheet`);
  const dataSet = await openDataSet(path, { ...options, flip: flip ?? [] }, kind);
  const { png, broken } = await contactSheet(dataSet, count!, createRandom(seed!));
  await writeWhole(output!, [png]);
  const found = summarise(dataSet);
  const summary = { ...found, warnings: [...found.warnings, ...broken] };
  const imageSize = await firstSize(dataSet);
  if (format === "json") {
    await print(`${JSON.stringify({ ...summary, imageSize, contactSheet: output }, null, 2)}\n`);
  } else {
    await print(dataSetTable(summary, imageSize, pc.isColorSupported ? pc : plainColors));
    process.stderr.write(`contact sheet: ${output}\n`);
  }
  return verdictExitCodes.benign;
}

async function firstSize(dataSet: DataSet): Promise<readonly [height: number, width: number] | null> {
  try {
    const { shape } = await dataSet.load([0], { channels: 3, size: null });
    return [shape[2], shape[3]];
  } catch (error) {
    // The table says that it cannot be read; what cannot be read does not keep the rest from being told.
    if (error instanceof DrmGuardError) return null;
    throw error;
  }
}
