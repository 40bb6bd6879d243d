/** Where results go: stdout, a file, or a folder. Files are written whole or not at all. */
import { mkdir, stat } from "node:fs/promises";
import { join } from "node:path";
import pc from "picocolors";
import { writeWhole } from "../data/node/write-whole.ts";
import { DrmGuardError } from "../errors.ts";
import { chartDocument } from "../jobs/chart-document.ts";
import { homepage } from "../jobs/version.ts";
import type { ScanResult } from "../report/result.ts";
import { plainColors, type TextColors } from "../report/table.ts";
import { verdictExitCodes } from "./exit-codes.ts";
import { modelLocation } from "./model-location.ts";

/** Formats of a result. */
export type Format = "table" | "json" | "html" | "sarif" | "markdown";
/** Formats that go to files. */
type FileFormat = Exclude<Format, "table">;

/** What is written where. */
export interface OutputPlan {
  readonly stdout: readonly Format[];
  readonly files: readonly { readonly format: Format; readonly path: string }[];
}

/** The formats of a kind of report, with the names that they have in a folder. JSON is always there. */
export type FileNames = Readonly<Partial<Record<FileFormat, string>> & { json: string }>;

/** Files of a scan's result. */
export const resultFiles = {
  json: "result.json",
  html: "report.html",
  sarif: "result.sarif",
  markdown: "report.md",
} as const satisfies FileNames;

/** Longer endings stand before those that they end in. */
const formatOfEnding: readonly (readonly [ending: string, format: FileFormat])[] = [
  [".sarif.json", "sarif"],
  [".sarif", "sarif"],
  [".json", "json"],
  [".html", "html"],
  [".htm", "html"],
  [".md", "markdown"],
  [".markdown", "markdown"],
];

/**
 * Decides what goes where: nothing asked for is a table on stdout; without an output path one format goes to stdout; a path that
 * ends as files of a format do is that file; any other is a folder, which always gets the JSON.
 *
 * Throws E_USAGE when several formats would have to share stdout or a file, and for formats that the report does not have.
 *
 * @param names the formats that there are, and the names of their files in a folder
 */
export function planOutput(
  formats: readonly Format[] | null,
  output: string | null,
  names: FileNames = resultFiles,
): OutputPlan {
  const asked = formats ?? ["table"];
  const known = ["table", ...Object.keys(names)];
  const unknown = asked.find((format) => !known.includes(format));
  if (unknown !== undefined) {
    throw new DrmGuardError("E_USAGE", `found format ${unknown}, expected one of ${known.join(", ")}`);
  }
  if (output === null) {
    if (asked.length === 1) return { stdout: asked, files: [] };
    throw new DrmGuardError("E_USAGE", `found formats ${asked.join(", ")}, expected one for stdout`, {
      hint: "--output FOLDER takes several",
    });
  }
  const stdout = asked.filter((format) => format === "table");
  const inferred = formatOfEnding.find(([ending]) => output.toLowerCase().endsWith(ending))?.[1];
  if (inferred === undefined) {
    const wanted = new Set<FileFormat>(["json", ...asked.filter((format) => format !== "table")]);
    return { stdout, files: [...wanted].map((format) => ({ format, path: join(output, names[format]!) })) };
  }
  if (names[inferred] === undefined) {
    throw new DrmGuardError(
      "E_USAGE",
      `found ${output}, a file of format ${inferred}, expected one of ${known.join(", ")}`,
    );
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

/** Draws a report in a format that it has; coloured for terminals. */
export type Draw = (format: Format, colors: TextColors) => string | Promise<string>;

/**
 * Draws and writes a report.
 *
 * Throws E_WRITE when a file cannot be written.
 *
 * @param say tells where files are
 */
export async function writeReport(
  draw: Draw,
  { stdout, files }: OutputPlan,
  say: (line: string) => void,
): Promise<void> {
  for (const { format, path } of files) {
    await writeWhole(path, [await draw(format, plainColors)]);
    say(`${format === "json" ? "result" : "report"}: ${path}`);
  }
  for (const format of stdout) await print(await draw(format, pc.isColorSupported ? pc : plainColors));
}

/**
 * Draws and writes the result of a scan.
 *
 * Throws E_WRITE when a file cannot be written.
 *
 * @param say tells where files are
 */
export function writeResult(
  result: ScanResult,
  plan: OutputPlan,
  say: (line: string) => void,
): Promise<void> {
  return writeReport((format, colors) => drawResult(result, format, colors), plan, say);
}

async function drawResult(result: ScanResult, format: Format, colors: TextColors): Promise<string> {
  switch (format) {
    case "json":
      return jsonText(result);
    case "html":
      return (await import("../report/html.ts")).resultHtml(result, { document: await chartDocument() });
    case "markdown":
      return (await import("../report/markdown.ts")).resultMarkdown(result);
    case "sarif": {
      const { resultSarif } = await import("../report/sarif.ts");
      const location = modelLocation(result.model.path);
      return jsonText(
        resultSarif(result, { location, exitCode: verdictExitCodes[result.verdict], homepage }),
      );
    }
    case "table":
      return (await import("../report/table.ts")).resultTable(result, colors);
  }
}

/** JSON as it stands in files. */
export function jsonText(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

/** Writes to stdout and waits until it is taken: a process that ends at once would cut a pipe short. */
export function print(text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(text, (error) => (error ? reject(error) : resolve()));
  });
}
