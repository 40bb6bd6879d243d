/** A document in Node for the charts of reports. */
import type { ChartDocument } from "../report/chart-document.ts";

/** An empty document. It loads nothing and runs no scripts. */
export async function chartDocument(): Promise<ChartDocument> {
  // Late: most commands draw nothing.
  const { parseHTML } = await import("linkedom");
  return parseHTML("<html></html>").document as unknown as ChartDocument;
}
