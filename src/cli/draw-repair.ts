/** The report of a repair in the formats that it has. */
import { chartDocument } from "../jobs/chart-document.ts";
import type { RepairReport } from "../report/repair-report.ts";
import type { TextColors } from "../report/table.ts";
import { type FileNames, type Format, jsonText } from "./output.ts";

/** Files of a repair's report. A repair has no finding for code scanning: a scan of the repaired model has. */
export const repairFiles = {
  json: "repair.json",
  html: "repair.html",
  markdown: "repair.md",
} as const satisfies FileNames;

/** Formats of a repair's report. */
export const repairFormats = ["table", "json", "html", "markdown"] as const;

/** Draws the report of a repair. */
export async function drawRepair(repair: RepairReport, format: Format, colors: TextColors): Promise<string> {
  switch (format) {
    case "json":
      return jsonText(repair);
    case "html":
      return (await import("../report/repair-html.ts")).repairHtml(repair, {
        document: await chartDocument(),
      });
    case "markdown":
      return (await import("../report/repair-markdown.ts")).repairMarkdown(repair);
    default:
      return (await import("../report/repair-table.ts")).repairTable(repair, colors);
  }
}
