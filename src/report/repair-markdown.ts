/** A repair as a section of a model card. */
import { escapeMarkdown, inlineCode, markdownList, markdownTable } from "./markdown-text.ts";
import { numberText } from "./number-text.ts";
import type { RepairReport } from "./repair-report.ts";
import { repairRows } from "./repair-table.ts";

/** What became of the backdoor, in a sentence that the file's name follows. */
const sentences: Readonly<Record<RepairReport["outcome"], string>> = {
  repaired: "**Repaired.** DRMGuard trained a backdoor out of",
  failed: "**Not repaired.** DRMGuard could not train the backdoor out of",
  unproven: "**Unproven.** DRMGuard changed the weights, and could not prove that the backdoor is gone, of",
};

/**
 * Writes a repair as a section of a model card: the outcome in a sentence, errors before and after, and how it was made.
 *
 * @param report the report of a repair
 */
export function repairMarkdown(report: RepairReport): string {
  const { model, output, benign, training, seed, tool, createdAt, seconds, warnings } = report;
  const options = Object.entries(training.options).map(([name, value]) => `${name}=${numberText(value)}`);
  const rows = [
    ...repairRows(report).map((row) => row.map(escapeMarkdown)),
    [
      "method",
      `${inlineCode(training.method)}, seed ${seed}${options.length === 0 ? "" : `, ${inlineCode(options.join(" "))}`}`,
    ],
    ["clean images", `${inlineCode(benign.path)}, SHA-256 ${inlineCode(benign.sha256)}`],
    ["model before", `${inlineCode(model.path)}, SHA-256 ${inlineCode(model.sha256)}`],
    ["model after", `${inlineCode(output.path)}, SHA-256 ${inlineCode(output.sha256)}`],
    ["tool", `drmguard ${escapeMarkdown(tool.version)}`],
    ["date", `${escapeMarkdown(createdAt)}, in ${Math.round(seconds)} s`],
  ];
  const parts = [
    "## Backdoor repair",
    `${sentences[report.outcome]} ${inlineCode(model.path)}.`,
    markdownList(report.reasons.map(escapeMarkdown)),
    markdownTable(["what", "value"], rows),
    ...(warnings.length === 0 ? [] : ["### Warnings", markdownList(warnings.map(escapeMarkdown))]),
  ];
  return `${parts.join("\n\n")}\n`;
}
