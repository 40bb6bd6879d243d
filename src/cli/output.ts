/** Where results go: stdout, a file, or a folder. Files are written whole or not at all. */
import { mkdir, stat } from "node:fs/promises";
import { extname, join } from "node:path";
import pc from "picocolors";
import { writeWhole } from "../data/node/write-whole.ts";
import { DrmGuardError } from "../errors.ts";
import type { ScanResult } from "../report/result.ts";

/** Formats of a result. */
export type Format = "table" | "json" | "html";

/** What is written where. */
export interface OutputPlan {
  readonly stdout: readonly Format[];
  readonly files: readonly { readonly format: Format; readonly path: string }[];
}

const formatOfExtension: Readonly<Record<string, Format>> = {
  ".json": "json",
  ".html": "html",
  ".htm": "html",
};
const fileNames: Readonly<Record<Exclude<Format, "table">, string>> = {
  json: "result.json",
  html: "report.html",
};

/**
 * Decides what goes where: nothing asked for is a table on stdout; without an output path one format goes to stdout; a path that
 * ends in .json or .html is that file; any other is a folder, which always gets result.json.
 *
 * Throws E_USAGE when several formats would have to share stdout or a file.
 */
export function planOutput(formats: readonly Format[] | null, output: string | null): OutputPlan {
  const asked = formats ?? ["table"];
  if (output === null) {
    if (asked.length === 1) return { stdout: asked, files: [] };
    throw new DrmGuardError("E_USAGE", `found formats ${asked.join(", ")}, expected one for stdout`, {
      hint: "--output FOLDER takes several",
    });
  }
  const stdout = asked.filter((format) => format === "table");
  const inferred = formatOfExtension[extname(output).toLowerCase()];
  if (inferred === undefined) {
    const wanted = new Set(["json" as const, ...asked.filter((format) => format !== "table")]);
    return {
      stdout,
      files: [...wanted].map((format) => ({ format, path: join(output, fileNames[format]) })),
    };
  }
  const other = asked.find((format) => format !== "table" && format !== inferred);
  if (other !== undefined) {
    throw new DrmGuardError("E_USAGE", `found format ${other} for ${output}, expected ${inferred}`, {
      hint: "--output FOLDER takes several formats",
    });
  }
  return { stdout, files: [{ format: inferred, path: output }] };
}

/**
 * Makes sure before any work that output can be written.
 *
 * Throws E_WRITE when a folder is in the way or cannot be made.
 */
export async function prepareOutput({ files }: OutputPlan, output: string | null): Promise<void> {
  for (const { path } of files) {
    const found = await stat(path).catch(() => null);
    if (found?.isDirectory()) throw new DrmGuardError("E_WRITE", `cannot write ${path}: it is a folder`);
  }
  if (output === null || files.some(({ path }) => path === output)) return;
  await mkdir(output, { recursive: true }).catch((cause: Error) => {
    throw new DrmGuardError("E_WRITE", `cannot make the folder ${output}: ${cause.message}`, { cause });
  });
}

/**
 * Draws and writes a result.
 *
 * Throws E_WRITE when a file cannot be written.
 *
 * @param say tells where files are
 */
export async function writeResult(
  result: ScanResult,
  { stdout, files }: OutputPlan,
  say: (line: string) => void,
): Promise<void> {
  for (const { format, path } of files) {
    await writeWhole(path, [await draw(result, format, false)]);
    say(`${format === "json" ? "result" : "report"}: ${path}`);
  }
  for (const format of stdout) await print(await draw(result, format, pc.isColorSupported));
}

async function draw(result: ScanResult, format: Format, isColored: boolean): Promise<string> {
  if (format === "json") return `${JSON.stringify(result, null, 2)}\n`;
  if (format === "html") return (await import("../report/html.ts")).resultHtml(result);
  const { plainColors, resultTable } = await import("../report/table.ts");
  return resultTable(result, isColored ? pc : plainColors);
}

/** Writes to stdout and waits until it is taken: a process that ends at once would cut a pipe short. */
export function print(text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(text, (error) => (error ? reject(error) : resolve()));
  });
}
