/** A repair as a table for terminals. */
import { numberText } from "./number-text.ts";
import type { RepairReport } from "./repair-report.ts";
import { printable, type TextColors } from "./table.ts";

/** The outcome in words, coloured. */
function outcomeText({ outcome }: RepairReport, colors: TextColors): string {
  const color = { repaired: colors.green, failed: colors.red, unproven: colors.yellow }[outcome];
  return colors.bold(color(outcome));
}

/** The rows of numbers that a report shows: what, and its values before and after. */
export function repairRows(report: RepairReport): [what: string, value: string][] {
  const unit = report.errors.unit === "degrees" ? " degrees" : "";
  const error = (value: number): string => `${numberText(value)}${unit}`;
  const change = ({ before, after }: { before: number; after: number }): string =>
    `${error(before)} -> ${error(after)}`;
  const { regressionError: clean, scans, movement, benign } = report;
  const signed = (part: number): string => `${part < 0 ? "" : "+"}${numberText(100 * part)}`;
  const rise = `${signed((clean.after - clean.before) / clean.before)} %`;
  const { interval } = clean;
  const about = interval ? `, 95 % interval ${signed(interval[0])} to ${signed(interval[1])} %` : "";
  const rows: [string, string][] = [["clean error (RE)", `${change(clean)} (${rise}${about})`]];
  for (const { family, before, after } of report.triggers) {
    const of = (name: "attackError" | "defendingAttackError"): string =>
      change({ before: before[name], after: after[name] });
    rows.push(
      [`${family} trigger: error to the truth (DAE)`, of("defendingAttackError")],
      [`${family} trigger: error to the target (AE)`, of("attackError")],
    );
  }
  const scan = (each: RepairReport["scans"]["after"]): string =>
    each === null ? "not scanned" : `${each.verdict} (${numberText(each.score)})`;
  rows.push(
    ["scan", `${scan(scans.before)} -> ${scan(scans.after)}`],
    ["weights moved by", `${numberText(100 * movement.relative)} % of their norm`],
    ["images", `${benign.training} to train, ${benign.validation} to choose, ${benign.test} to measure`],
  );
  return rows.map(([what, value]) => [printable(what), value]);
}

/** Draws what a repair did. */
export function repairTable(report: RepairReport, colors: TextColors): string {
  const rows = repairRows(report);
  const width = Math.max(...rows.map(([name]) => name.length));
  const lines = rows.map(([name, value]) => `  ${name.padEnd(width)}  ${value}\n`);
  return [
    `${printable(report.output.path)}  ${outcomeText(report, colors)}\n`,
    ...report.reasons.map((reason) => `  ${printable(reason)}\n`),
    "\n",
    ...lines,
    "\n",
    colors.dim(
      printable(`  method ${report.training.method}, seed ${report.seed}, ${Math.round(report.seconds)} s`),
    ),
    "\n",
  ].join("");
}
