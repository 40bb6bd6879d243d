/** A result as one HTML file: no network, no script, everything that it shows is in the result that it carries. */
import type { ReportContext } from "./chart-document.ts";
import { list } from "./page/elements.ts";
import { pageHtml } from "./page/page.ts";
import type { ScanResult } from "./result.ts";
import { costSection } from "./sections/costs.ts";
import { imageSection } from "./sections/images.ts";
import { provenanceSection, uncheckedSection } from "./sections/provenance.ts";
import { responseSection } from "./sections/responses.ts";
import { estimateSection, termSection } from "./sections/search.ts";
import { triggerSection } from "./sections/triggers.ts";
import { verdictSection } from "./sections/verdict.ts";

/**
 * Draws a result as an HTML page that works from a file. All that it shows is in the result; the same result gives the same page.
 *
 * In a browser: `resultHtml(result, { document })`. In Node: `resultHtml(result, { document: await chartDocument() })`.
 *
 * @param result the result, also of an older version of the schema: what it lacks has no section
 * @param context what charts are drawn with; nothing of it is changed
 */
export function resultHtml(result: ScanResult, context: ReportContext): string {
  const { model, verdict } = result;
  return pageHtml({
    title: `DRMGuard: ${model.path} is ${verdict}`,
    subject: model.path,
    badge: verdict,
    tone: verdict,
    lead: [list(result.reasons)],
    sections: [
      verdictSection(result, context),
      costSection(result, context),
      responseSection(result, context),
      imageSection(result),
      triggerSection(result, context),
      estimateSection(result, context),
      termSection(result, context),
      uncheckedSection(result),
      provenanceSection(result),
    ],
    data: result,
    dataName: "result.json",
  });
}
