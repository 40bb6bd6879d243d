/** A trained model as a table for terminals. */
import type { TextColors } from "./table.ts";
import type { TrainingReport } from "./training-report.ts";

/**
 * Draws what a training gave.
 *
 * @param folder where it is
 */
export function trainingTable(report: TrainingReport, folder: string, colors: TextColors): string {
  const { unit } = report.errors;
  const isClassifier = report.errors.kind === "classes";
  const words = isClassifier ? " % of the images" : unit === "degrees" ? " degrees" : "";
  const error = (value: number): string => `${value.toPrecision(3)}${words}`;
  const rows: [name: string, value: string, isTitle?: true][] = [
    ["data", `${report.data.title}: ${report.data.train} to train, ${report.data.test} to test`],
    [
      "clean error (RE)",
      `${error(report.regressionError)}; saying the ${isClassifier ? "commonest class" : "mean"}: ${error(report.regressionErrorOfMean)}`,
    ],
  ];
  for (const backdoor of report.backdoors) {
    const target = isClassifier
      ? `class ${backdoor.target[0]}`
      : backdoor.target.map((value) => value.toPrecision(3)).join(", ");
    rows.push(
      [backdoor.attack, `target ${target}; ${backdoor.trigger}`, true],
      ["  attack error (AE)", error(backdoor.attackError)],
      ["  error to the truth (DAE)", error(backdoor.defendingAttackError)],
      ["  angle variance (RAV)", backdoor.angleVarianceRatio.toPrecision(3)],
      ["  norm variance (RNV)", backdoor.normVarianceRatio.toPrecision(3)],
    );
    if (backdoor.crossTriggerError !== null) {
      rows.push(["  with others' triggers", `${error(backdoor.crossTriggerError)} to the truth`]);
    }
  }
  rows.push(["model", `${folder}/model.onnx`]);
  const width = Math.max(...rows.map(([name]) => name.length));
  const lines = rows.map(([name, value, isTitle]) => {
    // Padded by what is seen: colours have no width.
    const space = " ".repeat(width - name.length + 2);
    return `${isTitle ? colors.bold(name) : name}${space}${value}\n`;
  });
  return lines.join("");
}
