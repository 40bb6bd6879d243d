/** The values of a training over its steps, as one SVG file. */
import type { ReportContext } from "./chart-document.ts";
import { panelsSvg } from "./panels.ts";
import type { TrainingReport } from "./training-report.ts";

/** Charts in a row. */
const columns = 2;

/**
 * Draws the history of a training: loss, errors, learning rate.
 *
 * @param report its report
 */
export function trainingCurves({ history, errors }: TrainingReport, context: ReportContext): string {
  const names = [...new Set(history.flatMap(({ values }) => Object.keys(values)))];
  const panels = names.map((name) => ({
    title: name,
    x: "step",
    y: /^(RE|AE)/.test(name) && errors.unit !== "as given" ? errors.unit : "",
    lines: [
      {
        color: "clean" as const,
        points: history.flatMap(({ step, values }) =>
          values[name] === undefined ? [] : [[step, values[name]] as const],
        ),
      },
    ],
  }));
  return panelsSvg(context, "Terms of the training over its steps", panels, columns);
}
