/** Where charts are drawn: a document, of which every platform has its own. */
import type { PlotOptions } from "@observablehq/plot";

/**
 * A document that makes the elements of charts. They are never put into it: a report takes their text.
 *
 * In a browser this is `document`; in Node `chartDocument()` of `drmguard/node` makes one.
 */
export type ChartDocument = NonNullable<PlotOptions["document"]>;

/** What drawing a report needs beside what it shows. */
export interface ReportContext {
  readonly document: ChartDocument;
}
