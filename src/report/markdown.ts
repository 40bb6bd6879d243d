/** Results as sections of a model card: Markdown as GitHub and Hugging Face read it. */
import { codeBlock, escapeMarkdown, inlineCode, markdownList, markdownTable } from "./markdown-text.ts";
import { numberText } from "./number-text.ts";
import { notInCommand, repeatCommand } from "./repeat-command.ts";
import type { ScanResult } from "./result.ts";
import { scoreInterval } from "./suspects.ts";
import { evidenceRows, presetText, scoreText } from "./table.ts";

/**
 * Writes a result as a section of a model card: the verdict in a sentence, its numbers, how to repeat the scan, and what was not checked.
 *
 * @param result the result of a scan
 */
export function resultMarkdown(result: ScanResult): string {
  const { reasons, warnings, notChecked, tool } = result;
  const parts = [
    "## Backdoor scan",
    verdictSentence(result),
    markdownList(reasons.map(escapeMarkdown)),
    markdownTable(["what", "value", "meaning"], rowsOf(result)),
    "### How to repeat it",
    codeBlock(repeatCommand(result), "sh"),
    `With drmguard ${escapeMarkdown(tool.version)}. ${notInCommand} are not recorded: add those that were given.`,
    ...(warnings.length === 0 ? [] : ["### Warnings", markdownList(warnings.map(escapeMarkdown))]),
    "### What was not checked",
    notChecked.length === 0 ? "Nothing is named." : markdownList(notChecked.map(escapeMarkdown)),
  ];
  return `${parts.join("\n\n")}\n`;
}

function verdictSentence(result: ScanResult): string {
  const model = inlineCode(result.model.path);
  const target = result.target
    .map(({ name, value }) => `${inlineCode(name)} ${numberText(value)}`)
    .join(", ");
  switch (result.verdict) {
    case "backdoored":
      return `**Backdoored.** DRMGuard found a trigger that draws the outputs of ${model} to ${target}.`;
    case "benign":
      return `**Benign.** DRMGuard found no backdoor in ${model}, of the kinds that it looked for.`;
    case "inconclusive":
      return `**Inconclusive.** DRMGuard could tell neither that ${model} has a backdoor nor that it has none.`;
  }
}

function rowsOf(result: ScanResult): string[][] {
  const { model, benign, method, seed, tool, createdAt, environment, seconds } = result;
  const numbers = evidenceRows(result).map((row) => row.map(escapeMarkdown));
  const interval = scoreInterval(result);
  const range =
    interval === null ? "not measured" : `${numberText(interval.low)} to ${numberText(interval.high)}`;
  return [
    ...numbers.slice(0, 1),
    ["interval", range, "of the score"],
    ...numbers.slice(1),
    ["method", `${inlineCode(method)}, ${escapeMarkdown(presetText(result))}seed ${seed}`, ""],
    [
      "clean images",
      `${benign.count} of ${benign.shape.slice(1).join(" x ")}`,
      `${inlineCode(benign.path)}, SHA-256 ${inlineCode(benign.sha256)}`,
    ],
    ...(result.calibration?.references ?? []).map(({ path, sha256, score }) => [
      "reference",
      escapeMarkdown(scoreText(result, score)),
      `${inlineCode(path)}, SHA-256 ${inlineCode(sha256)}`,
    ]),
    ["model", `SHA-256 ${inlineCode(model.sha256)}`, `${model.bytes} bytes, opset ${model.opset}`],
    ["tool", `drmguard ${escapeMarkdown(tool.version)}`, escapeMarkdown(environment.runtime)],
    ["date", escapeMarkdown(createdAt), `${Math.round(seconds)} s`],
  ];
}
