/** What was not checked, and how a result was made. */
import { heldInputsText } from "../../models/held-inputs.ts";
import { escapeHtml, list, paragraph, part, type Row, valueTable } from "../page/elements.ts";
import type { Section } from "../page/page.ts";
import { notInCommand, repeatCommand } from "../repeat-command.ts";
import type { ScanResult } from "../result.ts";
import { presetText, scoreText } from "../table.ts";

/** What the verdict does not speak of. */
export function uncheckedSection({ notChecked }: ScanResult): Section {
  return {
    id: "not-checked",
    title: "Not checked",
    html: [notChecked.length === 0 ? paragraph("The method names nothing.") : list(notChecked)],
  };
}

/** The command that makes the result again, and all that it depends on. */
export function provenanceSection(result: ScanResult): Section {
  return {
    id: "provenance",
    title: "How it was made",
    html: [
      part(
        "The command that repeats it",
        `<pre><code>${escapeHtml(repeatCommand(result))}</code></pre>`,
        paragraph(
          `With drmguard ${result.tool.version}. ${notInCommand} are not in a result: add them if they were given.`,
        ),
      ),
      part("Model, images and machine", valueTable("What the result depends on", rowsOf(result))),
    ],
  };
}

/** Names and values as text. */
export const pairsText = (values: Readonly<Record<string, unknown>>, between: string): string =>
  Object.entries(values)
    .map(([name, value]) => `${name}${between}${value}`)
    .join(between === "=" ? " " : ", ");

function preprocessingText({ held, ...others }: ScanResult["preprocessing"]): string {
  const text = pairsText(others, "=");
  return held === undefined ? text : `${text}, held at ${heldInputsText(held)}`;
}

function rowsOf(result: ScanResult): Row[] {
  const { model, benign, environment, tool, options, preprocessing } = result;
  return [
    { name: "model", value: `${model.path}, ${model.bytes} bytes, ${model.producer}, opset ${model.opset}` },
    { name: "SHA-256 of the model", value: model.sha256 },
    { name: "features F(x)", value: model.features.join(", ") || "none" },
    {
      name: "clean images",
      value: `${benign.count} of ${benign.shape.slice(1).join(" x ")} from ${benign.path}`,
    },
    { name: "SHA-256 of their pixels", value: benign.sha256 },
    ...(result.calibration?.references ?? []).map(({ path, sha256, score, verdict }) => ({
      name: "reference",
      value: `${path}, SHA-256 ${sha256}, score ${scoreText(result, score)}, ${verdict} by the method's own threshold`,
    })),
    { name: "preprocessing", value: preprocessingText(preprocessing) },
    { name: "method", value: `${result.method}, ${presetText(result)}seed ${result.seed}` },
    { name: "options", value: pairsText(options, "=") },
    { name: "tool", value: `${tool.name} ${tool.version}, result schema ${result.schemaVersion}` },
    { name: "machine", value: pairsText(environment, " ") },
    { name: "made at", value: `${result.createdAt}, in ${Math.round(result.seconds)} s` },
  ];
}
