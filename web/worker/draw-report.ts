/** Reports as HTML pages, drawn in the worker: charts take longer than the page may be busy. */
import { parseHTML } from "linkedom/worker";
import type { ChartDocument } from "../../src/report/chart-document.ts";
import { resultHtml } from "../../src/report/html.ts";
import { repairHtml } from "../../src/report/repair-html.ts";
import type { RepairReport } from "../../src/report/repair-report.ts";
import type { ScanResult } from "../../src/report/result.ts";

/** Workers have no document, so that charts get the one that they get in Node. */
function chartDocument(): ChartDocument {
  return parseHTML("<html></html>").document as unknown as ChartDocument;
}

/** The report of a scan. */
export function drawReport(result: ScanResult): string {
  return resultHtml(result, { document: chartDocument() });
}

/** The report of a repair. */
export function drawRepair(report: RepairReport): string {
  return repairHtml(report, { document: chartDocument() });
}
