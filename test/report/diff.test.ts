import fc from "fast-check";
import { micromark } from "micromark";
import { gfm, gfmHtml } from "micromark-extension-gfm";
import { describe, expect, test } from "vitest";
import { diffExitCode } from "../../src/cli/exit-codes.ts";
import { type Change, diffResults, type ResultDiff } from "../../src/report/diff.ts";
import { diffMarkdown } from "../../src/report/diff-markdown.ts";
import { diffTable } from "../../src/report/diff-table.ts";
import type { ScanResult } from "../../src/report/result.ts";
import { contrastResultOf, resultOf, withTexts } from "../support/result.ts";

const paths: Change<string> = { before: "a.json", after: "b.json" };
const diff = (before: ScanResult, after: ScanResult): ResultDiff => diffResults(before, after, paths);
const base = contrastResultOf();

/** A result whose only finding has this score and interval. */
function scored(score: number, low: number, high: number, changes: Partial<ScanResult> = {}): ScanResult {
  const [map] = base.contrast!;
  const finding = { ...map!.findings[0]!, score, low, high };
  return contrastResultOf({
    score,
    margin: score / 0.5,
    contrast: [{ ...map!, findings: [finding] }],
    ...changes,
  });
}

describe("a result and itself", () => {
  test.each([
    ["of the method of contrast", base],
    ["of the paper's method", resultOf()],
  ])("%s are comparable and the same", (_, result) => {
    const same = diff(result, structuredClone(result));
    expect(same.comparison).toEqual({ kind: "repeat", differences: [], cautions: [] });
    expect(same.verdict.isChanged).toBe(false);
    expect(same.changes).toEqual([]);
    expect([same.warnings, same.notChecked]).toEqual([
      { added: [], removed: [] },
      { added: [], removed: [] },
    ]);
    expect(diffExitCode(same)).toBe(0);
  });

  test("say nothing of when and how long they ran", () => {
    const later = { ...base, createdAt: "2027-01-01T00:00:00.000Z", seconds: 1 };
    const { comparison, changes } = diff(base, later);
    expect([comparison.kind, changes]).toEqual(["repeat", []]);
  });
});

describe("two results", () => {
  const model = { ...base.model, sha256: "aa".repeat(32) };
  const benign = { ...base.benign, sha256: "bb".repeat(32), count: 80 };
  test.each<[string, Partial<ScanResult>, string, string[]]>([
    ["another seed", { seed: 4 }, "repeat", ["another seed: 0 -> 4"]],
    [
      "another version",
      { tool: { name: "drmguard", version: "0.2.0" } },
      "repeat",
      ["another version of drmguard: 0.1.0 -> 0.2.0"],
    ],
    [
      "another machine",
      { environment: { ...base.environment, cpu: "y", threads: 8 } },
      "repeat",
      ["another environment: cpu, threads"],
    ],
    ["another threshold", { threshold: 0.6 }, "repeat", ["another threshold: 0.5 -> 0.6"]],
    ["another path of the model", { model: { ...base.model, path: "copy.onnx" } }, "repeat", []],
    ["another model", { model }, "models", ["another model: sha256 0123456789ab -> aaaaaaaaaaaa"]],
    [
      "another model with other names",
      { model: { ...model, outputs: ["pose"], features: ["h"] } },
      "models",
      ["another model: sha256 0123456789ab -> aaaaaaaaaaaa"],
    ],
    [
      "other images",
      { benign },
      "different",
      ["other clean images: 60 -> 80, sha256 fedcba987654 -> bbbbbbbbbbbb"],
    ],
    [
      "another method",
      { method: "paper", preset: "gaze", options: { lambda1: 3 } },
      "different",
      ["another method: contrast -> paper"],
    ],
    [
      "other options",
      { options: { lambda1: 21, rule: "checked", more: 1 } },
      "different",
      ["other options: lambda1, more"],
    ],
    [
      "other preprocessing",
      { preprocessing: { ...base.preprocessing, channels: "bgr", std: [2] } },
      "different",
      ["other preprocessing: std, channels"],
    ],
    [
      "another output of one model",
      { model: { ...base.model, outputs: ["pose"] } },
      "different",
      ["another part of the model: outputs"],
    ],
    [
      "all of it",
      { model, benign, method: "paper", seed: 1 },
      "different",
      [
        "another model: sha256 0123456789ab -> aaaaaaaaaaaa",
        "other clean images: 60 -> 80, sha256 fedcba987654 -> bbbbbbbbbbbb",
        "another method: contrast -> paper",
        "another seed: 0 -> 1",
      ],
    ],
  ])("with %s are told apart", (_, change, kind, words) => {
    const { comparison } = diff(base, { ...base, ...change });
    expect(comparison.kind).toBe(kind);
    expect([...comparison.differences, ...comparison.cautions]).toEqual(words);
  });

  test("a change of any field is seen, save of those that a search passes through", () => {
    /** All places of a value that hold no object or list. */
    const leaves = (value: unknown, at: readonly string[] = []): (readonly string[])[] =>
      typeof value === "object" && value !== null
        ? Object.entries(value).flatMap(([name, each]) => leaves(each, [...at, name]))
        : [at];
    const without =
      /^(createdAt|seconds|reasons|evidence|terms|triggers|tool\.name|contrast)\b|^benign\.(count|cleanError)/;
    const places = leaves(base).filter((at) => !without.test(at.join(".")));
    expect(places.length).toBeGreaterThan(40);
    for (const at of places) {
      const changed = structuredClone(base);
      const parent = at
        .slice(0, -1)
        .reduce<Record<string, unknown>>(
          (object, name) => object[name] as Record<string, unknown>,
          changed as unknown as Record<string, unknown>,
        );
      const old = parent[at.at(-1)!];
      parent[at.at(-1)!] =
        typeof old === "number" ? old + 1 : at[0] === "verdict" ? "benign" : `${old} changed`;
      const { before: _, after: __, ...found } = diff(base, changed);
      const { before: ___, after: ____, ...nothing } = diff(base, base);
      expect(found, at.join(".")).not.toEqual(nothing);
    }
  });
});

describe("scores", () => {
  test("overlap when their intervals have a point in common", () => {
    const ends = fc.tuple(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 12 }));
    fc.assert(
      fc.property(ends, ends, (a, b) => {
        const [first, second] = [a, b].map(([x, y]) => [Math.min(x, y), Math.max(x, y)] as const);
        const points = Array.from({ length: 13 }, (_, i) => i);
        const inside = (point: number, [low, high]: readonly [number, number]): boolean =>
          low <= point && point <= high;
        const expected = points.some((point) => inside(point, first!) && inside(point, second!));
        const results = [first!, second!].map(([low, high]) => scored(low, low, high));
        expect(diff(results[0]!, results[1]!).intervalsOverlap).toBe(expected);
      }),
    );
  });

  test("without intervals neither overlap nor do not", () => {
    expect(diff(resultOf(), resultOf({ score: 0.5 })).intervalsOverlap).toBeNull();
  });

  test("are those of both sides", () => {
    const { score } = diff(scored(0.2, 0.1, 0.3), scored(0.9, 0.8, 1, { verdict: "benign" }));
    expect(score).toEqual({
      before: { score: 0.2, interval: { low: 0.1, high: 0.3 }, threshold: 0.5, margin: 0.4 },
      after: { score: 0.9, interval: { low: 0.8, high: 1 }, threshold: 0.5, margin: 1.8 },
    });
  });
});

test("targets and families are matched by name", () => {
  const [map] = base.contrast!;
  const other = contrastResultOf({
    target: [
      { name: "pitch", value: 1 },
      { name: "roll", value: 2 },
    ],
    contrast: [{ ...map!, family: "warp", findings: [] }],
  });
  const found = diff(base, other);
  expect(found.target).toEqual([
    { name: "yaw", before: 0.5236, after: null },
    { name: "pitch", before: -0.25, after: 1 },
    { name: "roll", before: null, after: 2 },
  ]);
  expect(found.families).toEqual([
    {
      family: "patch",
      before: { score: 0.125, interval: { low: 0.11, high: 0.15 }, target: [0.5, -0.2] },
      after: null,
    },
    { family: "warp", before: null, after: { score: null, interval: null, target: null } },
  ]);
});

test("a comparison the other way round is the same with sides changed", () => {
  const other = scored(0.9, 0.8, 1, {
    verdict: "benign",
    seed: 7,
    warnings: ["new"],
    notChecked: [],
    options: { lambda1: 1 },
  });
  const [there, back] = [diff(base, other), diff(other, base)];
  const swapped = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(swapped);
    if (typeof value !== "object" || value === null) return value;
    const names: Record<string, string> = {
      before: "after",
      after: "before",
      added: "removed",
      removed: "added",
    };
    return Object.fromEntries(
      Object.entries(value).map(([name, each]) => [names[name] ?? name, swapped(each)]),
    );
  };
  const byName = (changes: ResultDiff["changes"]): unknown[] =>
    [...changes].sort((a, b) => a.name.localeCompare(b.name));
  const { before, after, comparison: _, ...rest } = back;
  expect({
    ...(swapped(rest) as ResultDiff),
    changes: byName((swapped(rest) as ResultDiff).changes),
  }).toMatchObject({
    changes: byName(there.changes),
    verdict: there.verdict,
    score: there.score,
    warnings: there.warnings,
    notChecked: there.notChecked,
  });
  expect([before.sha256, after.sha256]).toEqual([there.after.sha256, there.before.sha256]);
});

test.each<[string, Partial<ScanResult>, number]>([
  ["the same verdict of the same scan", { seed: 1 }, 0],
  ["the same verdict of two models", { model: { ...base.model, sha256: "cc".repeat(32) } }, 0],
  ["another verdict", { verdict: "benign" }, 1],
  ["another verdict of another scan", { verdict: "benign", method: "paper" }, 1],
  ["the same verdict of another scan", { method: "paper" }, 3],
])("%s exits with code", (_, change, code) => {
  expect(diffExitCode(diff(base, { ...base, ...change }))).toBe(code);
});

const changed = diff(
  base,
  scored(0.9, 0.8, 1, {
    verdict: "benign",
    seed: 7,
    warnings: ["few images"],
    reasons: ["nothing is cheap"],
  }),
);

describe("the table", () => {
  const lines = (found: ResultDiff): string[] =>
    diffTable(found)
      .split("\n")
      .map((line) => line.trim().replace(/\s{2,}/g, " | "));

  test("says first whether the results can be compared, then what became of the verdict, then the rest", () => {
    expect(lines(changed)).toEqual([
      "a.json -> b.json",
      "Comparable: the same scan of the same model.",
      "another seed: 0 -> 7",
      "The verdict changed: backdoored -> benign.",
      "",
      "result",
      "verdict | backdoored | benign | changed",
      "score | 0.125 | 0.9 | below the threshold is suspicious",
      "interval | 0.11 to 0.15 | 0.8 to 1 | they do not overlap",
      "threshold | 0.5 | 0.5",
      "margin | 0.25 | 1.8 | score / threshold",
      "target yaw | 0.5236 | 0.5236 | mean output under the reversed trigger",
      "target pitch | -0.25 | -0.25 | mean output under the reversed trigger",
      "",
      "families",
      "patch | 0.125 (0.11 to 0.15) at 0.5, -0.2 | 0.9 (0.8 to 1) at 0.5, -0.2",
      "",
      "method",
      "seed | 0 | 7",
      "",
      "reasons before",
      "mean perturbation is small",
      "",
      "reasons after",
      "nothing is cheap",
      "",
      "new warnings",
      "few images",
      "",
      "warnings that are gone",
      "found 60 images",
      "",
      "all else is the same",
      "",
    ]);
  });

  test("says of other scans that they prove nothing", () => {
    const found = lines(diff(base, { ...base, method: "paper" }));
    expect(found.slice(1, 4)).toEqual([
      "Not comparable: these are not the same scan, so their scores say nothing about each other.",
      "another method: contrast -> paper",
      "The verdict is the same: backdoored.",
    ]);
  });

  test("shows as much of a hash as people compare", () => {
    const table = diffTable(diff(base, { ...base, model: { ...base.model, sha256: "aa".repeat(32) } }));
    expect(table).toMatch(/^ {2}sha256 +0123456789ab +aaaaaaaaaaaa$/m);
  });

  test("lets no text of a result draw on the terminal", () => {
    const evil = withTexts(base, (text) => `${text}\u001b[2K\rsame\u009b1A`, ["verdict", "createdAt"]);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
    expect(diffTable(diff(base, evil)).replaceAll("\n", "")).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
  });
});

describe("the Markdown", () => {
  const html = (found: ResultDiff): string =>
    micromark(diffMarkdown(found), {
      extensions: [gfm()],
      htmlExtensions: [gfmHtml()],
      allowDangerousHtml: true,
    });

  test("has the same in the same order", () => {
    const page = html(changed);
    const headings = [...page.matchAll(/<h3>(.*?)<\/h3>/g)].map((match) => match[1]);
    expect(headings.slice(0, 3)).toEqual(["Result", "Families", "Method"]);
    expect(page.indexOf("Comparable")).toBeLessThan(page.indexOf("The verdict changed"));
    expect(page).toMatch(
      /<td>interval<\/td>\n<td>0.11 to 0.15<\/td>\n<td>0.8 to 1<\/td>\n<td>they do not overlap/,
    );
  });

  test("has a column of meanings only where there are any", () => {
    const heads = [...html(changed).matchAll(/<tr>\n((?:<th>.*<\/th>\n)+)<\/tr>/g)].map(
      (match) => match[1]!.split("\n").length - 1,
    );
    expect(heads).toEqual([4, 3, 3]);
  });

  test("has no tag that came from a name", () => {
    const evil = withTexts(base, () => "<img src=x>|`</td>", ["verdict", "createdAt"]);
    const page = html(diff(base, evil));
    expect(page).not.toMatch(/<img|<\/td>[^\n]/);
    expect(page).toContain("&lt;img src=x&gt;|`&lt;/td&gt;");
  });
});
