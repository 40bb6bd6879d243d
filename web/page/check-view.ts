/** The report of a check on the page. */
import type { CheckReport } from "../../src/models/check.ts";
import { numberText } from "../../src/report/number-text.ts";
import { definitions, make } from "./elements.ts";
import { withFieldNames } from "./flag-names.ts";

/** What a check found, as a sentence. */
export function checkSentence(report: CheckReport): string {
  if (!report.passed) return "This model cannot be scanned as it is:";
  const shape = report.input.shape.map((dim) => dim ?? "?").join(" x ");
  return `It can be scanned: ${report.parameters.toLocaleString("en")} weights, input ${shape}.`;
}

/** Problems, and the rest behind a summary. */
export function checkView(report: CheckReport): HTMLElement {
  const { gradient, split, operators } = report;
  const used = (how: string): string =>
    operators
      .filter((use) => use.gradient === how)
      .map(({ op, count }) => `${op} ${count}`)
      .join(", ") || "none";
  const problems = report.problems.map(({ code, message, hint }) =>
    make(
      "li",
      { class: "warning" },
      withFieldNames(`${message} [${code}]${hint === undefined ? "" : `. ${hint}`}`),
    ),
  );
  const rows: [string, string][] = [
    ["made by", `${report.producer || "unknown"}, opset ${report.opset}`],
    ["outputs", report.outputs.map(({ name, shape }) => `${name} [${shape.join(", ")}]`).join(", ")],
    ...split.map((head): [string, string] => [
      "features F(x)",
      `${head.feature}, ${head.width} wide; then ${head.node} with ${head.rows} rows`,
    ]),
    ...(report.passed && split.length === 0
      ? [["features F(x)", "none: it is scanned by its outputs alone"] as [string, string]]
      : []),
    ["differentiated", used("rule")],
    ["without gradient", used("missing")],
    [
      "gradient",
      gradient === null
        ? "not tried"
        : `differs from finite differences by ${numberText(gradient.relativeError)} (tolerance ${gradient.tolerance})`,
    ],
  ];
  return make(
    "div",
    {},
    ...(problems.length === 0 ? [] : [make("ul", { class: "remarks" }, ...problems)]),
    make("details", {}, make("summary", {}, "Details"), definitions(rows)),
  );
}
