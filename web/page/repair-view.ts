/** What came of a repair, on the page. */
import type { RepairReport } from "../../src/report/repair-report.ts";
import { byId, make, show } from "./elements.ts";
import { showReport } from "./report-frame.ts";
import { saveFile } from "./save.ts";

/** A repair that was done or opened. */
export interface ShownRepair {
  readonly report: RepairReport;
  /** The report as a page of its own. */
  readonly html: string;
  /** The files of the repaired model. */
  readonly files: readonly File[];
}

const outcomeWords: Readonly<Record<RepairReport["outcome"], string>> = {
  repaired: "The backdoor was trained out.",
  failed: "The repair failed: use this model for nothing but study.",
  unproven: "It helped, but it is not proven.",
};
/** The colours of the verdicts. */
const outcomeClasses: Readonly<Record<RepairReport["outcome"], string>> = {
  repaired: "benign",
  failed: "backdoored",
  unproven: "inconclusive",
};

let shown: ShownRepair | null = null;

/** Shows the outcome, files to save, and the report; null for none. */
export function showRepair(repair: ShownRepair | null): void {
  if (repair === shown) return;
  shown = repair;
  const outcome = byId("repaired", HTMLElement);
  show(repair !== null, byId("repair-details", HTMLElement));
  if (repair === null) {
    outcome.replaceChildren();
    return;
  }
  const { report, html, files } = repair;
  const saveButton = (name: string, content: BlobPart, type: string): HTMLElement =>
    make("button", { type: "button", click: () => saveFile(name, content, type) }, `Save ${name}`);
  outcome.replaceChildren(
    make(
      "p",
      { class: `verdict ${outcomeClasses[report.outcome]}` },
      make("strong", {}, report.outcome),
      ` ${outcomeWords[report.outcome]}`,
    ),
    make("ul", {}, ...report.reasons.map((text) => make("li", {}, text))),
    make(
      "div",
      { class: "row actions" },
      ...files.map((file) => saveButton(file.name, file, "application/octet-stream")),
      saveButton("repair.json", `${JSON.stringify(report, null, 2)}\n`, "application/json"),
      saveButton("repair.html", html, "text/html"),
    ),
  );
  showReport(byId("repair-report", HTMLIFrameElement), html);
}
