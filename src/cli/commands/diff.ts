/** `drmguard diff RESULT RESULT` */
import { readResultFile } from "../../jobs/result-file.ts";
import { diffResults, type ResultDiff } from "../../report/diff.ts";
import type { TextColors } from "../../report/table.ts";
import { settingsOf } from "../command.ts";
import { diffExitCode } from "../exit-codes.ts";
import { type FileNames, type Format, jsonText, planOutput, prepareOutput, writeReport } from "../output.ts";
import type { GivenFlags } from "../resolve.ts";
import { diffTable } from "../tables/diff.ts";

/** Files of a comparison. */
const diffFiles = { json: "diff.json", html: "diff.html", markdown: "diff.md" } as const satisfies FileNames;

/**
 * Compares the results of two scans.
 *
 * Throws E_FILE and E_RESULT when one cannot be read, E_USAGE and E_WRITE when output cannot be written.
 *
 * @param before the path of a result
 * @param after the path of another
 * @returns the exit code: whether the verdict changed, and otherwise whether the two can be compared
 */
export async function diff(before: string, after: string, flags: GivenFlags): Promise<number> {
  const { values } = settingsOf(diffTable, flags);
  const plan = planOutput(values.format, values.output, diffFiles);
  const found = diffResults(await readResultFile(before), await readResultFile(after), { before, after });
  await prepareOutput(plan, values.output);
  await writeReport(
    (format, colors) => drawDiff(found, format, colors),
    plan,
    (line) => void process.stderr.write(`${line}\n`),
  );
  return diffExitCode(found);
}

async function drawDiff(found: ResultDiff, format: Format, colors: TextColors): Promise<string> {
  switch (format) {
    case "json":
      return jsonText(found);
    case "markdown":
      return (await import("../../report/diff-markdown.ts")).diffMarkdown(found);
    case "html":
      return (await import("../../report/diff-html.ts")).diffHtml(found);
    default:
      return (await import("../../report/diff-table.ts")).diffTable(found, colors);
  }
}
