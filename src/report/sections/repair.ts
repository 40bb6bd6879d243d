/** What a repair did: errors, scans, outputs and images before and after. */
import type { ReportContext } from "../chart-document.ts";
import { type Change, changeChart } from "../charts/change-chart.ts";
import { cloudFigures } from "../charts/cloud-charts.ts";
import { namedValues } from "../charts/cost-chart.ts";
import { scoreFigure } from "../charts/score-chart.ts";
import {
  figure,
  figures,
  list,
  paragraph,
  part,
  pixelFigure,
  type Row,
  valueTable,
} from "../page/elements.ts";
import type { Section } from "../page/page.ts";
import type { RepairReport } from "../repair-report.ts";
import { repairRows } from "../repair-table.ts";
import { scoreText } from "../table.ts";
import { pairsText } from "./provenance.ts";
import { shortName } from "./short-name.ts";

/** Errors on the test images before and after, and warnings. */
export function changeSection(report: RepairReport, context: ReportContext): Section {
  const { regressionError, triggers, errors, warnings } = report;
  const changes: Change[] = [
    {
      name: "clean images, to the truth (RE)",
      before: regressionError.before,
      after: regressionError.after,
    },
    ...triggers.flatMap(({ family, before, after }) => [
      {
        name: `${shortName(family)} trigger, to the truth (DAE)`,
        before: before.defendingAttackError,
        after: after.defendingAttackError,
      },
      {
        name: `${shortName(family)} trigger, to the target (AE)`,
        before: before.attackError,
        after: after.attackError,
      },
    ]),
  ];
  const unit = errors.unit === "degrees" ? " (degrees)" : "";
  const drawn = changeChart(context, "Errors before and after the repair", `error${unit}`, changes);
  return {
    id: "errors",
    title: "Errors before and after",
    html: [
      figures([
        figure(
          drawn,
          "Errors on images that were neither trained on nor chosen by. A repair that helps moves the error to the truth under the trigger down to that of clean images, which stays where it is; the error to the target grows.",
          [
            { kind: "reversed", text: "before" },
            { kind: "after", text: "after" },
          ],
        ),
        valueTable(
          "Numbers of the repair",
          repairRows(report).map(([name, value]) => ({ name, value })),
        ),
      ]),
      part("Warnings", list(warnings)),
    ],
  };
}

/** What the scans before and after said. */
export function scanSection({ scans }: RepairReport, context: ReportContext): Section {
  const scan = (title: string, each: RepairReport["scans"]["after"]): string =>
    each === null
      ? part(title, paragraph("The repaired model was not scanned."))
      : part(
          `${title}: ${each.verdict}`,
          scoreFigure(context, { ...each, interval: null }, (value) => scoreText(each, value)),
          list(each.reasons),
        );
  return {
    id: "scans",
    title: "Scans before and after",
    html: [scan("Before", scans.before), scan("After", scans.after)],
  };
}

/** Where outputs go under each trigger, before and after; an older report does not say. */
export function repairOutputSection(report: RepairReport, context: ReportContext): Section {
  const { responses, triggers, benign } = report;
  const html = (responses?.triggers ?? []).flatMap((outputs, k) => {
    const trigger = triggers[k];
    const { truth, images } = responses!;
    if (trigger === undefined || truth.length === 0) return [];
    const columns = truth[0]!.length;
    const cloud = {
      names: benign.labels.slice(0, columns).map(shortName),
      groups: [
        { kind: "clean" as const, text: "the truth", rows: truth },
        { kind: "reversed" as const, text: "output with the trigger, before", rows: outputs.before },
        { kind: "after" as const, text: "output with the trigger, after", rows: outputs.after },
        { kind: "target" as const, text: "estimate of the target", rows: [trigger.target.slice(0, columns)] },
      ],
    };
    const caption = `${images} test images. Where a trigger takes over, outputs lie around its target; after a repair that helps they are spread as the truth is.`;
    const label = `Outputs with the ${trigger.family} trigger before and after`;
    return [
      part(`${k + 1}: ${trigger.family} trigger`, figures(cloudFigures(context, cloud, label, caption))),
    ];
  });
  return { id: "outputs", title: "Outputs with the reversed triggers", html };
}

/** Test images with the triggers, and what the model makes of them before and after. */
export function repairImageSection({ evidence = [], triggers, benign }: RepairReport): Section {
  const named = (values: readonly number[]): string => namedValues(values, benign.labels);
  const pictures = evidence.map((image) => {
    const words = image.triggers.map(({ before, after }, k) => {
      const family = triggers[k]?.family ?? "";
      return ` With the ${family} trigger it was ${named(before)}, and is ${named(after)}.`;
    });
    return pixelFigure(
      [
        { url: image.clean, label: "clean", description: `${image.name}, clean` },
        ...image.triggers.map(({ picture }, k) => ({
          url: picture,
          label: `with ${triggers[k]?.family ?? "trigger"}`,
          description: `${image.name} with the reversed ${triggers[k]?.family ?? ""} trigger`,
        })),
      ],
      `${image.name}: the truth is ${named(image.truth)}.${words.join("")}`,
    );
  });
  const lead =
    "Test images, clean and with the reversed triggers. After a repair that helps, outputs with a trigger lie near the truth.";
  return {
    id: "images",
    title: "Images",
    html: evidence.length === 0 ? [] : [paragraph(lead), figures(pictures)],
  };
}

/** Everything that the repair depends on. */
export function repairProvenanceSection(report: RepairReport): Section {
  const { model, output, benign, training, seed, tool, environment, createdAt, seconds } = report;
  const rows: Row[] = [
    { name: "model before", value: `${model.path}, ${model.bytes} bytes` },
    { name: "its SHA-256", value: model.sha256 },
    { name: "model after", value: output.path },
    { name: "SHA-256 of that", value: output.sha256 },
    { name: "clean images", value: benign.path },
    { name: "SHA-256 of their pixels", value: benign.sha256 },
    { name: "method", value: `${training.method}, seed ${seed}` },
    { name: "options", value: pairsText(training.options, "=") },
    { name: "tool", value: `${tool.name} ${tool.version}, report schema ${report.schemaVersion}` },
    { name: "machine", value: pairsText(environment, " ") },
    { name: "made at", value: `${createdAt}, in ${Math.round(seconds)} s` },
  ];
  return {
    id: "provenance",
    title: "How it was made",
    html: [valueTable("What the repair depends on", rows)],
  };
}
