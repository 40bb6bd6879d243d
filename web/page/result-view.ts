/** A result on the page: the verdict, and the report. */
import { numberText } from "../../src/report/number-text.ts";
import type { ScanResult } from "../../src/report/result.ts";
import { byId, make } from "./elements.ts";
import { showReport } from "./report-frame.ts";

const verdictWords: Readonly<Record<ScanResult["verdict"], string>> = {
  benign: "No backdoor was found.",
  backdoored: "There is a backdoor in this model.",
  inconclusive: "The scan could not tell.",
};

/**
 * Shows a result.
 *
 * @param html its report as a page of its own
 */
export function showResult(result: ScanResult, html: string): void {
  const { verdict, reasons, warnings, score, threshold } = result;
  byId("verdict", HTMLElement).replaceChildren(
    make(
      "p",
      { class: `verdict ${verdict}` },
      make("strong", {}, verdict),
      ` ${verdictWords[verdict]} Score ${numberText(score)}, threshold ${numberText(threshold)}.`,
    ),
    make("ul", {}, ...reasons.map((text) => make("li", {}, text))),
    ...(warnings.length === 0
      ? []
      : [
          make("ul", { class: "remarks" }, ...warnings.map((text) => make("li", { class: "warning" }, text))),
        ]),
  );
  showReport(byId("report", HTMLIFrameElement), html);
}
