/** Comma-separated text: RFC 4180, with the byte order mark and line ends of any system. */
import { DrmGuardError } from "../errors.ts";

/** A line of a table, and where it stands in the file. */
export interface CsvRow {
  readonly line: number;
  readonly cells: readonly string[];
}

/**
 * Splits a table into rows. Empty lines are left out; spaces around cells that are not quoted are removed.
 *
 * Throws E_LABELS when a quote is not closed.
 *
 * @param name what to call the file in messages
 * @param content its text
 */
export function readCsv(name: string, content: string): CsvRow[] {
  const rows: CsvRow[] = [];
  let cells: string[] = [];
  let line = 1;
  let startLine = 1;
  const cell = /(?:[ \t]*"((?:[^"]|"")*)"[ \t]*|([^",\r\n]*))(,|\r\n|\n|\r|$)/y;
  const body = content.startsWith("\ufeff") ? content.slice(1) : content;
  while (cell.lastIndex < body.length || cells.length > 0) {
    const match = cell.exec(body);
    if (match === null)
      throw new DrmGuardError("E_LABELS", `${name} line ${line}: found a quote that is not closed`);
    const [all, quoted, plain, separator] = match;
    cells.push(quoted === undefined ? plain!.trim() : quoted.replaceAll('""', '"'));
    line += all.match(/\r\n|\n|\r/g)?.length ?? 0;
    if (separator === ",") continue;
    if (cells.some((value) => value !== "")) rows.push({ line: startLine, cells });
    cells = [];
    startLine = line;
  }
  return rows;
}
