/** The report of a repair on the page. */
import { numberText } from "../../src/report/number-text.ts";
import type { RepairReport } from "../../src/report/repair-report.ts";
import { definitions, make } from "./elements.ts";
import { saveFile } from "./save.ts";

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

/** What a repair did, and its files to save. */
export function repairView(report: RepairReport, files: readonly File[]): HTMLElement {
  const unit = report.errors.unit === "degrees" ? " degrees" : "";
  const change = ({ before, after }: { before: number; after: number }): string =>
    `${numberText(before)}${unit} before, ${numberText(after)}${unit} after`;
  const { scans, movement } = report;
  const rows: [string, string][] = [
    ["error on clean images", change(report.regressionError)],
    ...report.triggers.map(({ family, before, after }): [string, string] => [
      `error under the ${family} trigger`,
      change({ before: before.defendingAttackError, after: after.defendingAttackError }),
    ]),
    [
      "scan",
      `${scans.before.verdict} before, ${scans.after === null ? "not scanned" : `${scans.after.verdict} (score ${numberText(scans.after.score)})`} after`,
    ],
    ["weights", `moved by ${numberText(100 * movement.relative)} % of their norm`],
  ];
  const json = (): void => {
    saveFile("repair.json", `${JSON.stringify(report, null, 2)}\n`, "application/json");
  };
  return make(
    "div",
    {},
    make(
      "p",
      { class: `verdict ${outcomeClasses[report.outcome]}` },
      make("strong", {}, report.outcome),
      ` ${outcomeWords[report.outcome]}`,
    ),
    make("ul", {}, ...report.reasons.map((text) => make("li", {}, text))),
    definitions(rows),
    make(
      "div",
      { class: "row actions" },
      ...files.map((file) =>
        make(
          "button",
          { type: "button", click: () => saveFile(file.name, file, "application/octet-stream") },
          `Save ${file.name}`,
        ),
      ),
      make("button", { type: "button", click: json }, "Save repair.json"),
    ),
  );
}
