/** labels.csv: `file,name1,...,named`, one row for each image, in any order. */
import { DrmGuardError } from "../errors.ts";
import { type CsvRow, readCsv } from "./csv.ts";

/** Labels of images in the order of their names. */
export interface Labels {
  /** Names of the d columns. */
  readonly names: readonly string[];
  /** [N, d], row-major. */
  readonly values: Float32Array;
}

/** So many problems are listed before the message says how many more there are. */
const mostListed = 5;

/**
 * Reads the labels of some images.
 *
 * Throws E_LABELS that lists all problems with their lines: rows that are missing, unknown, given twice, of another length than the
 * header, or that hold something else than finite numbers.
 *
 * @param name what to call the file in messages
 * @param content its text
 * @param files the names of the images
 */
export function readLabels(name: string, content: string, files: readonly string[]): Labels {
  const [header, ...rows] = readCsv(name, content);
  const names = readHeader(name, header);
  const problems: string[] = [];
  const indexOf = new Map(files.map((file, i) => [file, i]));
  const lineOf = new Map<string, number>();
  const values = new Float32Array(files.length * names.length);
  for (const { line, cells } of rows) {
    const [file, ...numbers] = cells as [string, ...string[]];
    const index = indexOf.get(file);
    const first = lineOf.get(file);
    lineOf.set(file, line);
    if (first !== undefined) problems.push(`line ${line}: ${file} was given on line ${first} already`);
    else if (numbers.length !== names.length) {
      problems.push(
        `line ${line}: found ${numbers.length} values, expected ${names.length} (${names.join(", ")})`,
      );
    } else if (index === undefined) problems.push(`line ${line}: there is no image ${file}`);
    else {
      numbers.forEach((text, column) => {
        // As it is kept: what float32 cannot hold would become infinite.
        const value = text === "" ? Number.NaN : Math.fround(Number(text));
        if (!Number.isFinite(value))
          problems.push(`line ${line}: found "${text}" for ${names[column]}, expected a finite number`);
        values[index * names.length + column] = value;
      });
    }
  }
  const missing = files.filter((file) => !lineOf.has(file));
  if (missing.length > 0) {
    problems.push(`${missing.length} of ${files.length} images have no row: ${shortened(missing)}`);
  }
  if (problems.length > 0)
    throw new DrmGuardError("E_LABELS", `${name} does not fit the images: ${shortened(problems, "; ")}`);
  return { names, values };
}

function readHeader(name: string, header: CsvRow | undefined): string[] {
  const [first, ...names] = header?.cells ?? [];
  const expected = "expected a header such as file,yaw,pitch";
  if (first?.toLowerCase() !== "file") {
    throw new DrmGuardError("E_LABELS", `${name} begins with "${first ?? ""}", ${expected}`);
  }
  if (names.length === 0) throw new DrmGuardError("E_LABELS", `${name} has no column of values, ${expected}`);
  const doubled = names.find((column, i) => names.indexOf(column) !== i);
  if (doubled !== undefined)
    throw new DrmGuardError("E_LABELS", `${name} has two columns named "${doubled}"`);
  return names.map((column, i) => column || `output ${i}`);
}

function shortened(items: readonly string[], separator = ", "): string {
  const rest = items.length - mostListed;
  return items.slice(0, mostListed).join(separator) + (rest > 0 ? `${separator}and ${rest} more` : "");
}
