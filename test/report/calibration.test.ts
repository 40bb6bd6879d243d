/** What reports show of a threshold that was calibrated. */
import { expect, test } from "vitest";
import { chartDocument } from "../../src/jobs/chart-document.ts";
import { diffResults } from "../../src/report/diff.ts";
import { resultHtml } from "../../src/report/html.ts";
import { resultMarkdown } from "../../src/report/markdown.ts";
import { readResult } from "../../src/report/read-result.ts";
import { repeatCommand } from "../../src/report/repeat-command.ts";
import type { ScanResult } from "../../src/report/result.ts";
import { resultTable } from "../../src/report/table.ts";
import { contrastResultOf } from "../support/result.ts";

const sha256 = (digit: string): string => digit.repeat(64);
const calibration: NonNullable<ScanResult["calibration"]> = {
  option: "threshold",
  threshold: 0.4321,
  ownThreshold: 0.55,
  confidence: 0.99,
  references: [
    { path: "good/a.onnx", sha256: sha256("a"), score: 0.81, verdict: "benign" },
    { path: "good/b c.onnx", sha256: sha256("b"), score: 0.92, verdict: "benign" },
    { path: "good/d.onnx", sha256: sha256("d"), score: 0.54, verdict: "inconclusive" },
  ],
};
const result = contrastResultOf({
  threshold: 0.4321,
  options: { threshold: 0.4321 },
  calibration,
});

test("a result keeps it", () => {
  expect(readResult(JSON.parse(JSON.stringify(result))).calibration).toEqual(calibration);
});

test("the table has the references' scores and the method's own threshold", () => {
  const line = resultTable(result)
    .split("\n")
    .find((each) => each.includes("references"));
  expect(line!.trim().split(/\s{2,}/)).toEqual([
    "references",
    "0.81, 0.92, 0.54",
    "scores that calibrate the threshold; the method's own threshold is 0.55",
  ]);
  const same = { ...calibration, threshold: null };
  expect(resultTable({ ...result, calibration: same })).toContain("all the same");
  expect(resultTable(contrastResultOf())).not.toContain("references");
});

test("the page and the section of a model card name each reference", async () => {
  const html = resultHtml(result, { document: await chartDocument() });
  const card = resultMarkdown(result);
  for (const { path, sha256 } of calibration.references) {
    // The result itself lies in the page too, so the words of the table are looked for.
    expect(html).toContain(`${path}, SHA-256 ${sha256}, score`);
    expect(card).toContain(`\`${path}\`, SHA-256 \`${sha256}\``);
  }
});

test("the command that repeats the scan calibrates again", () => {
  const command = repeatCommand(result);
  expect(command).toContain("--reference good/a.onnx --reference 'good/b c.onnx' --reference good/d.onnx");
  expect(command).not.toContain("threshold=0.4321");
  // What the calibration has changed beside it is changed again, and not asked of the references.
  const withPower = (oneOutputPower: number): string =>
    repeatCommand({ ...result, options: { ...result.options, oneOutputPower } });
  expect(withPower(1)).not.toContain("oneOutputPower");
  expect(withPower(3)).toContain("oneOutputPower=3");
});

test("a comparison tells of other references", () => {
  const other = {
    ...result,
    calibration: { ...calibration, references: calibration.references.slice(0, 2) },
  };
  const { changes } = diffResults(result, other, { before: "a", after: "b" });
  expect(changes).toContainEqual({
    group: "method",
    name: "references",
    before: [sha256("a"), sha256("b"), sha256("d")],
    after: [sha256("a"), sha256("b")],
  });
});
