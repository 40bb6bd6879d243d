/** A result as an HTML page, drawn in the worker: charts take longer than the page may be busy. */
import { parseHTML } from "linkedom/worker";
import type { ChartDocument } from "../../src/report/chart-document.ts";
import { resultHtml } from "../../src/report/html.ts";
import type { ScanResult } from "../../src/report/result.ts";

/** The report. Workers have no document, so that charts get the one that they get in Node. */
export function drawReport(result: ScanResult): string {
  const { document } = parseHTML("<html></html>");
  return resultHtml(result, { document: document as unknown as ChartDocument });
}
