/** A result on the page: the verdict, and the report in a frame that runs no scripts. */
import { numberText } from "../../src/report/number-text.ts";
import type { ScanResult } from "../../src/report/result.ts";
import { byId, make } from "./elements.ts";

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
  const frame = byId("report", HTMLIFrameElement);
  const old = frame.src;
  frame.onload = () => fitHeight(frame);
  // Not as srcdoc: there the links of the report to its own parts would lead to this page.
  frame.src = URL.createObjectURL(new Blob([html], { type: "text/html" }));
  if (old.startsWith("blob:")) URL.revokeObjectURL(old);
}

/** As high as what it holds, now and when that changes. */
function fitHeight(frame: HTMLIFrameElement): void {
  const root = frame.contentDocument?.documentElement;
  if (root === undefined || root === null) return;
  const resize = (): void => {
    // With its own border.
    frame.style.height = `${Math.ceil(root.getBoundingClientRect().height) + 2}px`;
  };
  resize();
  new ResizeObserver(resize).observe(root);
}
