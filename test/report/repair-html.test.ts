import { expect, test } from "vitest";
import { chartDocument } from "../../src/jobs/chart-document.ts";
import { readRepairReport } from "../../src/report/read-repair-report.ts";
import { repairHtml } from "../../src/report/repair-html.ts";
import type { RepairReport } from "../../src/report/repair-report.ts";
import { picture, rowsOf } from "../support/full-result.ts";
import { all, expectSoundPage, figureIn, type PageElement, parsePage, placeOf } from "../support/pages.ts";
import { repairReportOf } from "../support/repair-report.ts";
import { withTexts } from "../support/result.ts";

const document = await chartDocument();
const drawn = (report: RepairReport): string => repairHtml(report, { document });

/** A report that has all that can be shown, with changes. */
function fullReportOf(changes: Partial<RepairReport> = {}): RepairReport {
  const report = repairReportOf();
  return {
    ...report,
    schemaVersion: "1.1",
    training: {
      ...report.training,
      history: [
        { step: 0, values: { loss: 2 } },
        { step: 9, values: { loss: 1, cleanError: 5, triggeredError: 7 } },
        { step: 19, values: { loss: 0.5, cleanError: 5.1, triggeredError: 6 } },
      ],
    },
    responses: {
      images: 4,
      truth: rowsOf(4, 2),
      clean: { before: rowsOf(4, 2), after: rowsOf(4, 2) },
      triggers: [{ before: rowsOf(4, 2, 5), after: rowsOf(3, 2, 1) }],
    },
    evidence: [
      {
        name: "a.png",
        clean: picture,
        truth: [0.1, 0.2],
        triggers: [{ picture, before: [0.5, -0.2], after: [0.11, 0.19] }],
      },
    ],
    ...changes,
  };
}
const pageOf = (changes: Partial<RepairReport> = {}): PageElement =>
  expectSoundPage(drawn(fullReportOf(changes)));
const sectionsOf = (page: PageElement): string[] => all(page, "h2").map(({ id }) => id);

test("a page has all that the report has, and is of the same make as that of a scan", () => {
  const page = pageOf();
  expect(sectionsOf(page)).toEqual([
    ...["errors", "scans", "outputs", "images"],
    ...["training", "not-checked", "provenance"],
  ]);
  expect(page.querySelector("h1")!.textContent).toBe("repaired.onnx repaired");
  const tones = (["repaired", "failed", "unproven"] as const).map(
    (outcome) => pageOf({ outcome }).querySelector(".badge")!.className,
  );
  expect(tones).toEqual(["badge benign", "badge backdoored", "badge inconclusive"]);
});

test("an older report draws what it has", () => {
  const older = readRepairReport(repairReportOf({ schemaVersion: "1.0" }));
  const page = expectSoundPage(drawn(older));
  expect(sectionsOf(page)).toEqual(["errors", "scans", "training", "not-checked", "provenance"]);
  expect(page.querySelector("main")!.textContent).toContain("No step of the repair was done.");
});

test("errors lie on one scale from 0, before and after, one line each", () => {
  const figure = figureIn(pageOf(), "errors", /before and after/);
  const expected = [
    [5, 5.25],
    [28, 6],
    [2, 25],
  ];
  const places = ["reversed", "after"].map((kind) => all(figure, `.marks-${kind} path`).map(placeOf));
  const zero = Number(figure.querySelector("line")!.getAttribute("x1"));
  const pixels = (places[0]![1]![0] - zero) / 28;
  expected.forEach((pair, line) => {
    pair.forEach((error, j) => {
      expect(places[j]![line]![0] - zero).toBeCloseTo(pixels * error, 1);
    });
    expect(places[0]![line]![1]).toBe(places[1]![line]![1]);
  });
  expect(new Set(places[0]!.map(([, y]) => y)).size).toBe(3);
  expect(figure.textContent).toContain("degrees");
});

test("outputs and images are those of each trigger", () => {
  const page = pageOf();
  const figure = figureIn(page, "outputs", /patch/);
  const counts = ["clean", "reversed", "after", "target"].map(
    (kind) => all(figure, `.marks-${kind} > *`).length,
  );
  expect(counts).toEqual([4, 4, 3, 1]);
  const images = page.querySelector('section[aria-labelledby="images"]')!;
  expect(all(images, "img")).toHaveLength(2);
  expect(images.textContent).toContain(
    "the truth is yaw 0.1, pitch 0.2. With the patch trigger it was yaw 0.5, pitch -0.2, and is yaw 0.11, pitch 0.19.",
  );
});

test("a model that was not scanned again is said to be so", () => {
  const { scans } = repairReportOf();
  const page = pageOf({ scans: { ...scans, after: null } });
  expect(page.querySelector('section[aria-labelledby="scans"]')!.textContent).toContain("not scanned");
});

test("a page carries its report, and names from outside are text", () => {
  const report = fullReportOf();
  const link = parsePage(drawn(report)).querySelector("a[download]")!.getAttribute("href")!;
  expect(JSON.parse(Buffer.from(link.slice(link.indexOf(",") + 1), "base64").toString("utf8"))).toEqual(
    report,
  );
  const evil = `"><img src=x onerror=alert(1)>'<script>`;
  const html = drawn(withTexts(report, () => evil, ["verdict", "outcome", "unit", "kind"]));
  expect(html).not.toMatch(/<img src=x|<script/);
  expect(all(parsePage(html), "script, [onerror]")).toEqual([]);
});
