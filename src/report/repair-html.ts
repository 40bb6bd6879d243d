/** The report of a repair as one HTML file, of the same make as that of a scan. */
import type { ReportContext } from "./chart-document.ts";
import { list, paragraph } from "./page/elements.ts";
import { pageHtml } from "./page/page.ts";
import type { RepairReport } from "./repair-report.ts";
import {
  changeSection,
  repairImageSection,
  repairOutputSection,
  repairProvenanceSection,
  scanSection,
} from "./sections/repair.ts";
import { termSection } from "./sections/search.ts";

const tones = { repaired: "benign", failed: "backdoored", unproven: "inconclusive" } as const;

/** What a repair cannot say. */
const unchecked = [
  "backdoors that the first scan did not find",
  "triggers that the model's maker had, as far as they differ from the reversed ones",
  "images unlike the clean ones that were given",
];

/**
 * Draws the report of a repair as an HTML page that works from a file. All that it shows is in the report.
 *
 * In a browser: `repairHtml(report, { document })`. In Node: `repairHtml(report, { document: await chartDocument() })`.
 *
 * @param report the report, also of an older version of the schema: what it lacks has no section
 * @param context what charts are drawn with; nothing of it is changed
 */
export function repairHtml(report: RepairReport, context: ReportContext): string {
  const { output, outcome, reasons, training } = report;
  const what = {
    id: "training",
    title: "The training over its steps",
    none: "No step of the repair was done.",
  };
  return pageHtml({
    title: `DRMGuard: ${output.path} is ${outcome}`,
    subject: output.path,
    badge: outcome,
    tone: tones[outcome],
    lead: [list(reasons)],
    sections: [
      changeSection(report, context),
      scanSection(report, context),
      repairOutputSection(report, context),
      repairImageSection(report),
      termSection({ terms: training.history }, context, what),
      {
        id: "not-checked",
        title: "Not checked",
        html: [paragraph("The outcome does not speak of:"), list(unchecked)],
      },
      repairProvenanceSection(report),
    ],
    data: report,
    dataName: "repair.json",
  });
}
