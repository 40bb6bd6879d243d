/**
 * A folder of images with `labels.csv`: `file,name1,...,named`, one row for each image; files may lie in folders beside it. A column
 * called `subject` says who is in the image.
 */
import { DrmGuardError } from "../../../errors.ts";
import { readCsv } from "../../csv.ts";
import { angleReader } from "../../datasets/angles.ts";
import { createDataSet, type DataSet, type LabelColumn, type SkippedFile } from "../../datasets/dataset.ts";
import type { DataSetFormat, DataSetOptions } from "./format.ts";
import { type Frame, readerOf } from "./frames.ts";
import { type FileTree, folderOf } from "./tree.ts";

const labelsFile = /(^|\/)labels\.csv$/;
const imageFile = /\.(png|jpe?g|webp)$/i;
const title = "folder with labels.csv";

/** The reader of this format. */
export const plainFolder: DataSetFormat = {
  name: "folder",
  title,
  expects: "labels.csv with a header such as file,yaw,pitch beside PNG, JPEG or WebP images",
  options: ["angleUnit", "flip", "crop"],
  matches: (files) => files.some((file) => labelsFile.test(file)),
  open,
};

function open(tree: FileTree, options: DataSetOptions): Promise<DataSet> {
  // The one that is nearest to the top.
  const [csv] = tree.files
    .filter((file) => labelsFile.test(file))
    .sort((a, b) => a.split("/").length - b.split("/").length);
  // Nothing in the file tells a unit; who names one says that all columns are angles.
  const unit = options.angleUnit === null ? "as given" : "radians";
  return readTable(tree, csv!, options, { title, unit, columns: null });
}

/** What is known of a table before it is read. */
export interface TableFacts {
  readonly title: string;
  readonly unit: LabelColumn["unit"];
  /** Labels by the names of their columns; null for all columns but the file and the subject, under their own names. */
  readonly columns: Readonly<Record<string, string>> | null;
}

/**
 * Reads a table with a row for each image. Throws E_LABELS when its header does not fit, and what reading images throws.
 *
 * @param csv the table, in the tree; files are named from its folder
 */
export async function readTable(
  tree: FileTree,
  csv: string,
  options: DataSetOptions,
  facts: TableFacts,
): Promise<DataSet> {
  const [header, ...rows] = readCsv(csv, await tree.text(csv));
  const names = header?.cells.map((name) => name.toLowerCase()) ?? [];
  const labelOf = (name: string, i: number): string | undefined =>
    facts.columns === null
      ? i > 0 && name !== "subject"
        ? header!.cells[i] || `output ${i - 1}`
        : undefined
      : facts.columns[name];
  const columns = names.flatMap((name, i) => (labelOf(name, i) === undefined ? [] : [i]));
  if (names[0] !== "file" || columns.length === 0) {
    const expected = facts.columns === null ? "yaw,pitch" : Object.keys(facts.columns).join(",");
    throw new DrmGuardError(
      "E_LABELS",
      `${csv} begins with "${names.join(",")}", expected a header such as file,${expected}`,
    );
  }
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw new DrmGuardError("E_LABELS", `${csv} has two columns named "${twice}"`);
  const labels = columns.map((i): LabelColumn => ({ name: labelOf(names[i]!, i)!, unit: facts.unit }));
  const order = labels.map(({ name }) => name);
  const convert = angleReader({ unit: "radians", columns: order, labels: order }, options);
  const subjectColumn = names.indexOf("subject");
  const skipped: SkippedFile[] = [...tree.hidden];
  const frames: Frame[] = [];
  const unused = new Set(tree.files.filter((file) => imageFile.test(file)));
  for (const { line, cells } of rows) {
    const file = folderOf(csv) + (cells[0] ?? "");
    const values = columns.map((i) => (cells[i] ? Number(cells[i]) : Number.NaN));
    const reason = !tree.has(file)
      ? "a row whose image is not there"
      : !unused.has(file)
        ? "a second row of an image"
        : cells.length !== names.length
          ? "a row of another length than the header"
          : !values.every((value) => Number.isFinite(Math.fround(value)))
            ? "a row with something that is no finite number"
            : null;
    if (reason !== null) skipped.push({ file: `${csv} line ${line}`, reason });
    else {
      const subject = subjectColumn < 0 ? null : cells[subjectColumn] || null;
      frames.push({ sample: { id: file, subject, labels: convert(values) }, file });
    }
    unused.delete(file);
  }
  for (const file of unused) skipped.push({ file, reason: `an image without a row in ${csv}` });
  return createDataSet({
    title: facts.title,
    labels,
    skipped,
    notes: [],
    ...readerOf(tree, frames, options.crop),
  });
}
