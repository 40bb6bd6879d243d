import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { chartDocument } from "../../src/jobs/chart-document.ts";
import { resultHtml as drawn } from "../../src/report/html.ts";
import { escapeHtml } from "../../src/report/page/elements.ts";
import { palette } from "../../src/report/page/palette.ts";
import { repeatCommand } from "../../src/report/repeat-command.ts";
import type { ScanResult } from "../../src/report/result.ts";
import { fullResultOf, picture, rowsOf } from "../support/full-result.ts";
import { all, expectSoundPage, figureIn, type PageElement, parsePage, placeOf } from "../support/pages.ts";
import { contrastResultOf, resultOf, withTexts } from "../support/result.ts";

const document = await chartDocument();
const resultHtml = (result: ScanResult): string => drawn(result, { document });
const pageOf = (changes: Partial<ScanResult> = {}): PageElement =>
  expectSoundPage(resultHtml(fullResultOf(changes)));
const sectionsOf = (page: PageElement): string[] => all(page, "h2").map(({ id }) => id);
const everySection = [
  ...["verdict", "costs", "outputs", "images", "triggers"],
  ...["estimate", "terms", "not-checked", "provenance"],
];

test("what is escaped holds no character of HTML, and reads the same", () => {
  const entities: Record<string, string> = { amp: "&", lt: "<", gt: ">", quot: '"', "#39": "'" };
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom("&", "<", ">", '"', "'", "a", ";", "amp", "#") }),
      (text) => {
        const escaped = escapeHtml(text);
        expect(escaped).not.toMatch(/[<>"']/);
        expect(escaped.replace(/&(amp|lt|gt|quot|#39);/g, (_, name: string) => entities[name]!)).toBe(text);
      },
    ),
  );
});

describe("a page", () => {
  test("of a whole result is sound, and has all sections", () => {
    expect(sectionsOf(pageOf())).toEqual(everySection);
  });

  test("of an older result shows what that has, and nothing empty", () => {
    const older = expectSoundPage(resultHtml(contrastResultOf({ schemaVersion: "1.1" })));
    expect(sectionsOf(older)).toEqual(["verdict", "costs", "images", "terms", "not-checked", "provenance"]);
    const oldest = expectSoundPage(resultHtml(resultOf()));
    expect(sectionsOf(oldest)).toEqual(["verdict", "images", "terms", "not-checked", "provenance"]);
  });

  test("of a result without steps, warnings, images and findings is sound too", () => {
    const empty = { terms: [], warnings: [], evidence: [], triggers: [], notChecked: [], contrast: [] };
    const responses = {
      images: 0,
      outputs: { clean: [], reversed: [] },
      angles: { clean: [], reversed: [] },
    };
    const page = pageOf({ ...empty, responses, stages: [] });
    expect(sectionsOf(page)).toEqual(["verdict", "terms", "not-checked", "provenance"]);
    expect(page.querySelector('section[aria-labelledby="terms"]')!.textContent).toContain("No step");
    expect(page.querySelector("main")!.textContent).not.toContain("Warnings");
  });

  test("carries its result, and the command that repeats it", () => {
    const result = fullResultOf({ reasons: ["é, 日本, 😀"] });
    const page = parsePage(resultHtml(result));
    const link = page.querySelector("a[download]")!.getAttribute("href")!;
    const carried = Buffer.from(link.slice(link.indexOf(",") + 1), "base64").toString("utf8");
    expect(JSON.parse(carried)).toEqual(result);
    expect(page.querySelector("pre code")!.textContent).toBe(repeatCommand(result));
  });

  test("is the same for the same result, and needs nothing of the document but elements", async () => {
    const result = fullResultOf();
    const other = drawn(result, { document: await chartDocument() });
    expect(other).toBe(resultHtml(result));
    expect(document.documentElement.outerHTML).toBe((await chartDocument()).documentElement.outerHTML);
  });

  test("says its verdict in words, first of all", () => {
    for (const verdict of ["benign", "backdoored", "inconclusive"] as const) {
      const heading = pageOf({ verdict }).querySelector("h1")!;
      expect(heading.textContent).toBe(`gaze.onnx ${verdict}`);
    }
  });
});

describe("names from outside", () => {
  const evil = `"><img src=x onerror=alert(1)>'<script>alert(2)</script>`;
  test.each([
    ["the method of contrast", fullResultOf()],
    ["the paper's method", resultOf()],
  ])("are text wherever they stand in a result of %s", (_, result) => {
    const html = resultHtml(withTexts(result, () => evil, ["verdict"]));
    expect(html).not.toMatch(/<img src=x|<script/);
    const page = parsePage(html);
    expect(all(page, "script, [onerror]")).toEqual([]);
    expect(page.querySelector("h1")!.textContent).toContain(evil);
  });

  test("of terms, options and stages are text too", () => {
    const terms = [
      { step: 0, values: { [evil]: 1 } },
      { step: 1, values: { [evil]: 2 } },
    ];
    const stages = [
      { name: evil, steps: 1 },
      { name: evil, steps: 1 },
    ];
    const page = pageOf({ terms, options: { [evil]: 1 }, stages });
    expect(page.querySelector("ol")!.textContent).toContain(evil);
    expect(figureIn(page, "terms", /alert/).textContent).toContain(evil);
  });

  test("that are names of every object are none of ours", () => {
    const terms = [{ step: 0, values: { constructor: 1, toString: 2 } }];
    pageOf({
      terms,
      triggers: [{ ...fullResultOf().triggers![0]!, pictures: [{ name: "constructor", scale: 1, picture }] }],
    });
  });

  test("show a picture only where there is one", () => {
    const [evidence] = fullResultOf().evidence;
    expect(all(pageOf({ triggers: [] }), "img")).toHaveLength(4);
    for (const clean of ["https://example.com/x.png", "data:text/html;base64,AAAA", "javascript:alert(1)"]) {
      const page = pageOf({ triggers: [], evidence: [{ ...evidence!, clean }] });
      expect(all(page, "img")).toHaveLength(3);
    }
  });

  test("that write from right to left keep to themselves", () => {
    const page = pageOf({ model: { ...fullResultOf().model, path: "\u202exnno.ledom" } });
    expect(page.querySelector("h1 bdi")!.textContent).toBe("\u202exnno.ledom");
  });
});

describe("the score", () => {
  test("lies on its line between 0 and the threshold as far as it is of it", () => {
    const page = pageOf();
    const chart = figureIn(page, "verdict", /score/);
    const [score] = placeOf(chart.querySelector(".marks-score circle")!);
    const [zero, threshold, bar] = all(chart, "line").map((each) =>
      ["x1", "x2"].map((x) => Number(each.getAttribute(x))),
    );
    // 0.125 of a threshold of 0.5.
    expect((score - zero![0]!) / (threshold![0]! - zero![0]!)).toBeCloseTo(0.25, 3);
    expect(bar!.map((x) => (x - zero![0]!) / (score - zero![0]!))).toEqual([
      expect.closeTo(0.11 / 0.125, 3),
      expect.closeTo(0.15 / 0.125, 3),
    ]);
    expect(chart.textContent).toContain("its interval 0.11 to 0.15");
    expect(chart.textContent).toContain("All of the interval lies below it.");
  });

  test("without an interval says so", () => {
    const page = pageOf({ contrast: [] });
    expect(page.querySelector("table.values")!.textContent).toContain("not measured");
    expect(figureIn(page, "verdict", /score/).textContent).not.toContain("interval");
  });
});

describe("costs", () => {
  const marks = (figure: PageElement, kind: string): PageElement[] => all(figure, `.marks-${kind} > *`);

  test("have a mark for each target of the result, as high as it costs and as far as it lies", () => {
    const result = fullResultOf();
    const [family] = result.contrast!;
    const [finding] = family!.findings;
    const figure = figureIn(pageOf(), "costs", /patch/);
    const groups: [string, { distance: number; cost: number | null }[]][] = [
      ["map", family!.map],
      ["control", finding!.controls],
      ["home", finding!.homes!],
      ["restart", finding!.restarts.map((cost) => ({ distance: finding!.distance, cost }))],
      ["target", [finding!]],
    ];
    const placed = groups.flatMap(([kind, targets]) => {
      const found = marks(figure, kind);
      expect(found).toHaveLength(targets.length);
      return targets.map((target, i) => ({ ...target, place: placeOf(found[i]!) }));
    });
    const known = placed.flatMap((each) => (each.cost === null ? [] : [{ ...each, cost: each.cost }]));
    const slope = (axis: 0 | 1, of: "distance" | "cost"): number => {
      const sorted = [...known].sort((a, b) => a[of] - b[of]);
      const [first, last] = [sorted[0]!, sorted.at(-1)!];
      const rate = (last.place[axis] - first.place[axis]) / (last[of] - first[of]);
      for (const each of known) {
        expect(each.place[axis] - first.place[axis]).toBeCloseTo(rate * (each[of] - first[of]), 1);
      }
      return rate;
    };
    expect(slope(0, "distance")).toBeGreaterThan(0);
    // Up is less in SVG.
    expect(slope(1, "cost")).toBeLessThan(0);
    const highest = Math.min(...known.map(({ place }) => place[1]));
    const missing = placed.filter(({ cost }) => cost === null).map(({ place }) => place[1]);
    expect(missing).toHaveLength(3);
    for (const y of missing) expect(y).toBeLessThan(highest);
    expect(figure.textContent).toContain("not reached");
    expect(figure.textContent).toContain(
      "Here the candidate costs 0.003; of its 3 controls 2 were reached, for 0.02 to 0.028.",
    );
  });

  test("have a line where the score would be the threshold", () => {
    const figure = figureIn(pageOf(), "costs", /patch/);
    const dashed = all(figure, "g[stroke-dasharray] line")[0]!;
    const [zero] = all(figure, "line").map((each) => Number(each.getAttribute("y1")));
    const [candidate] = marks(figure, "target").map((each) => placeOf(each)[1]);
    // The score is 0.125 of a threshold of 0.5.
    expect((Number(dashed.getAttribute("y1")) - zero!) / (candidate! - zero!)).toBeCloseTo(4, 2);
  });

  test("of a family that reached nothing are told in a sentence", () => {
    const [family] = fullResultOf().contrast!;
    const map = family!.map.map((each) => ({ ...each, cost: null }));
    const page = pageOf({ contrast: [{ ...family!, map, findings: [] }] });
    const section = page.querySelector('section[aria-labelledby="costs"]')!;
    expect(all(section, "figure")).toEqual([]);
    expect(section.textContent).toContain("No patch trigger drew all outputs to any of the 2 targets");
  });

  test("stand in tables too", () => {
    const cells = all(pageOf(), 'section[aria-labelledby="costs"] td').map(({ textContent }) => textContent);
    for (const text of ["0.02 to 0.028, 1 not reached", "0.11 to 0.15", "0.9, 0.2", "not reached"]) {
      expect(cells).toContain(text);
    }
  });
});

describe("outputs and angles", () => {
  const chartsOf = (columns: number): PageElement[] => {
    const outputs = { clean: rowsOf(5, columns), reversed: rowsOf(4, columns, 10) };
    const angles = { clean: rowsOf(5, columns), reversed: rowsOf(5, columns, 1) };
    const target = Array.from({ length: columns }, (_, j) => ({ name: `y${j}`, value: j }));
    const page = pageOf({ target, responses: { images: 5, outputs, angles }, contrast: [], terms: [] });
    const labels = all(page, 'section[aria-labelledby="outputs"] figure').filter((each) =>
      each.querySelector("svg")!.getAttribute("aria-label")!.startsWith("Outputs"),
    );
    return labels;
  };
  const counts = (figure: PageElement): number[] =>
    ["clean", "reversed", "target", "control"].map((kind) => all(figure, `.marks-${kind} > *`).length);

  test("of two outputs lie in a plane", () => {
    const figure = figureIn(pageOf(), "outputs", /^Outputs: pitch against yaw/);
    expect(counts(figure)).toEqual([5, 5, 1, 3]);
    const places = all(figure, ".marks-clean > *").map(placeOf);
    const [first, second] = [places[0]!, places[1]!];
    places.forEach(([x, y], i) => {
      expect(x - first[0]).toBeCloseTo(i * (second[0] - first[0]), 1);
      expect(y - first[1]).toBeCloseTo(i * (second[1] - first[1]), 1);
    });
    expect(figure.textContent).toContain("The first 5 of 60 images.");
    expect(counts(figureIn(pageOf(), "outputs", /^Angles/))).toEqual([5, 5, 0, 0]);
  });

  test("of three outputs lie in a plane for each pair", () => {
    const found = chartsOf(3);
    expect(found.map(({ textContent }) => /y\d against y\d/.exec(textContent)?.[0])).toEqual([
      undefined,
      "y2 against y0",
      "y2 against y1",
    ]);
    expect(found.map(counts)).toEqual([1, 2, 3].map(() => [5, 4, 1, 0]));
  });

  test.each([1, 8])("of %i outputs lie on a line each", (columns) => {
    const [figure, ...others] = chartsOf(columns);
    expect(others).toEqual([]);
    expect(counts(figure!)).toEqual([5, 4, 1, 0].map((count) => columns * count));
    expect(figure!.querySelector(".key")!.textContent).toContain("clean images, line 1 of 3");
  });

  test("that were left out of the result are counted", () => {
    const target = ["yaw", "pitch", "roll"].map((name) => ({ name, value: 0 }));
    const figure = figureIn(pageOf({ target, terms: [] }), "outputs", /^Outputs/);
    expect(figure.textContent).toContain("The first 2 of 3 outputs.");
  });

  test("that are too short are left out", () => {
    const { responses } = fullResultOf();
    const clean = [...responses!.outputs.clean, [1]];
    const outputs = { ...responses!.outputs, clean };
    const figure = figureIn(pageOf({ responses: { ...responses!, outputs } }), "outputs", /^Outputs/);
    expect(counts(figure)[0]).toBe(5);
  });
});

describe("pictures", () => {
  test("of a residual are amplified by a factor that is stated, the same for all", () => {
    const [first] = fullResultOf().evidence;
    // 4 x 0.02 is seen ten times as large, 4 x 0.045 five times.
    const page = pageOf({ evidence: [first!, { ...first!, meanChange: 0.045 }] });
    expect(all(page, "img.times-5")).toHaveLength(2);
    expect(page.querySelector('section[aria-labelledby="images"]')!.textContent).toContain(
      "amplified 5 times",
    );
    expect(page.querySelector("style")!.textContent).toContain(".times-5 { filter: contrast(5); }");
  });

  test("of an older result's residual are as they are", () => {
    const evidence = resultOf().evidence;
    const page = pageOf({ evidence, triggers: [] });
    expect(all(page, "[class^=times]")).toEqual([]);
    expect(page.querySelector('section[aria-labelledby="images"]')!.textContent).toContain("not amplified");
  });

  test("of triggers are their parts, and a warp has an arrow for each place of its field", () => {
    const page = pageOf();
    const labels = all(page, 'section[aria-labelledby="triggers"] img').map((each) =>
      each.getAttribute("alt"),
    );
    expect(labels).toEqual(["mask of the reversed patch trigger", "pattern of the reversed patch trigger"]);
    const figure = figureIn(page, "triggers", /warp/);
    expect(all(figure, ".marks-field path")).toHaveLength(4);
    // Down, right, up and left, clockwise from up.
    const turns = all(figure, ".marks-field path").map((each) =>
      Number(/rotate\(([-\d.]+)\)/.exec(each.getAttribute("transform")!)?.[1] ?? 0),
    );
    expect(turns).toEqual([180, 90, 0, -90]);
    expect(figure.textContent).toContain("The longest is 2 pixels");
  });
});

describe("the search", () => {
  test("has a chart of each term, whose stages are not joined", () => {
    const page = pageOf();
    const charts = all(page, 'section[aria-labelledby="terms"] figure');
    expect(charts.map((each) => each.querySelector("svg")!.getAttribute("aria-label"))).toEqual([
      "error over the steps",
      "size over the steps",
    ]);
    for (const chart of charts) expect(all(chart, ".marks-line path")).toHaveLength(2);
    expect(charts[0]!.textContent).toContain("In the end it is 0.5.");
    expect(all(page, "ol li").map(({ textContent }) => textContent)).toEqual(
      fullResultOf().stages!.map(({ name, steps }) => `${name}, ${steps} steps`),
    );
  });

  test("has a chart of the estimate of each output, beside the estimate in the end", () => {
    const charts = all(pageOf(), 'section[aria-labelledby="estimate"] figure');
    expect(charts.map((each) => each.textContent.includes("-0.25"))).toEqual([false, true]);
    for (const chart of charts) {
      expect(all(chart, ".marks-line path")).toHaveLength(1);
      expect(all(chart, ".marks-faint path")).toHaveLength(0);
    }
  });

  test("that followed several triggers shows which one the estimate comes from", () => {
    const values = (a: number, b: number) => ({ error: 1, "target 0": a, "target 1": b });
    const terms = [
      { step: 0, values: values(5, 5) },
      { step: 1, values: values(5, 6) },
      { step: 2, values: { error: 1 } },
      { step: 3, values: values(0.5, -0.2) },
      { step: 4, values: values(0.52, -0.25) },
      { step: 5, values: values(0.52, -0.25) },
    ];
    const [chart] = all(pageOf({ terms }), 'section[aria-labelledby="estimate"] figure');
    const points = (kind: string): number =>
      chart!.querySelector(`.marks-${kind} path`)!.getAttribute("d")!.split("L").length;
    expect([points("line"), points("faint")]).toEqual([3, 2]);
    expect(chart!.textContent).toContain("Gray lines are of other triggers");
  });
});

test("text and marks have a contrast of 4.5 in light and in dark", () => {
  const channel = (value: number): number =>
    value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  // WCAG 2.2, relative luminance and contrast ratio.
  const luminance = (color: string): number =>
    [0.2126, 0.7152, 0.0722].reduce(
      (sum, weight, i) =>
        sum + weight * channel(Number.parseInt(color.slice(1 + 2 * i, 3 + 2 * i), 16) / 255),
      0,
    );
  const contrast = (a: string, b: string): number => {
    const [high, low] = [luminance(a), luminance(b)].sort((x, y) => y - x) as [number, number];
    return (high + 0.05) / (low + 0.05);
  };
  expect(contrast("#000000", "#ffffff")).toBeCloseTo(21, 5);
  for (const mode of ["light", "dark"] as const) {
    for (const name of ["text", "dim", "link", "clean", "reversed", "control", "home"] as const) {
      expect(contrast(palette[name][mode], palette.background[mode])).toBeGreaterThanOrEqual(4.5);
    }
    expect(contrast(palette.text[mode], palette.shade[mode])).toBeGreaterThanOrEqual(4.5);
    for (const name of ["benign", "backdoored", "inconclusive"] as const) {
      expect(contrast(palette[name][mode], "#ffffff")).toBeGreaterThanOrEqual(4.5);
    }
  }
});

/** The same value with every number in it changed. */
function withNumbers<T>(value: T, change: () => number): T {
  if (typeof value === "number") return change() as T;
  if (Array.isArray(value)) return value.map((each) => withNumbers(each, change)) as T;
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => [name, withNumbers(each, change)]),
  ) as T;
}

test("a result of any numbers has a sound page", () => {
  const numbers = fc.constantFrom(0, 1, -1, 2, 0.5, 1e-12, 1e12, -1e12, 7);
  fc.assert(
    fc.property(fc.array(numbers, { minLength: 1, maxLength: 40 }), fc.boolean(), (values, isPaper) => {
      let i = 0;
      const result = withNumbers(isPaper ? resultOf() : fullResultOf(), () => values[i++ % values.length]!);
      expectSoundPage(resultHtml(result));
    }),
    { numRuns: 40 },
  );
});

test("a result whose lists are empty or too short has a sound page", () => {
  const { responses, triggers, contrast } = fullResultOf();
  const [finding] = contrast![0]!.findings;
  const benign = { ...fullResultOf().benign, shape: [] };
  const displacement = { side: 0, x: [], y: [] };
  pageOf({ target: [] });
  pageOf({ benign, triggers: [{ ...triggers![1]!, displacement }] });
  pageOf({ responses: { ...responses!, outputs: { clean: [[]], reversed: [] } } });
  pageOf({ responses: { ...responses!, angles: { clean: [[]], reversed: [[1, 2]] } } });
  const lone = { ...finding!, restarts: [], controls: [], homes: [], target: [] };
  pageOf({ contrast: [{ ...contrast![0]!, findings: [lone] }] });
});
