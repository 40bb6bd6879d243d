/** The report of a check as text for a terminal. */
import type { CheckReport } from "../models/check.ts";
import { heldInputsText } from "../models/held-inputs.ts";
import { numberText } from "./number-text.ts";
import { plainColors, printable, type TextColors } from "./table.ts";

/**
 * Draws the report of a check.
 *
 * @param report the report
 * @param path of the model
 * @param colors what to colour with
 */
export function checkTable(report: CheckReport, path: string, colors: TextColors = plainColors): string {
  const { bold, dim, red, green } = colors;
  const shape = (dims: readonly (number | string | null)[]): string =>
    `[${dims.map((dim) => dim ?? "?").join(", ")}]`;
  const list = (op: { op: string; count: number }): string => `${op.op} ${op.count}`;
  const operators = (gradient: string): string =>
    report.operators
      .filter((use) => use.gradient === gradient)
      .map(list)
      .join(", ") || "none";
  const { gradient } = report;
  const rows: [string, string][] = [
    ["made by", `${report.producer || "unknown"}, opset ${report.opset}, IR version ${report.irVersion}`],
    ["weights", report.parameters.toLocaleString("en")],
    ["input", `${report.input.name} ${shape(report.input.shape)}`],
    ...(report.held === undefined ? [] : [["held at", heldInputsText(report.held)] as [string, string]]),
    ["outputs", report.outputs.map(({ name, shape: dims }) => `${name} ${shape(dims)}`).join(", ")],
    ["differentiated", operators("rule")],
    ["folded", operators("folded")],
    ["unsupported", operators("missing")],
    ...report.split.map((head): [string, string] => [
      "F(x) ends at",
      `${head.feature}, ${head.width} features; H is ${head.node} with ${head.rows} rows`,
    ]),
    ...(report.passed && report.split.length === 0
      ? [
          ["F(x) ends at", "nothing, by its outputs alone: for the methods contrast and neural-cleanse"] as [
            string,
            string,
          ],
        ]
      : []),
    [
      "gradient",
      gradient === null
        ? "not tried"
        : `differs from finite differences by ${numberText(gradient.relativeError)} (tolerance ${gradient.tolerance}, ${gradient.directions} directions)`,
    ],
  ];
  const width = Math.max(...rows.map(([what]) => what.length));
  const lines = [
    `${bold(printable(path))}  ${report.passed ? green(bold("can be scanned")) : red(bold("cannot be scanned"))}`,
    ...rows.map(([what, value]) => `  ${dim(what.padEnd(width))}  ${printable(value)}`),
    ...report.problems.flatMap(({ code, message, hint }) => [
      `  ${red(code)} ${printable(message)}`,
      ...(hint === undefined ? [] : [`    ${hint}`]),
    ]),
  ];
  return `${lines.join("\n")}\n`;
}
