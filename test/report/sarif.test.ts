import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { ScanResult } from "../../src/report/result.ts";
import { resultSarif, type SarifContext } from "../../src/report/sarif.ts";
import { contrastResultOf, resultOf, withTexts } from "../support/result.ts";
import { githubProblems, type ReadFinding, type ReadLog, schemaProblems } from "../support/sarif.ts";

const context: SarifContext = {
  location: { uri: "models/gaze.onnx", isRelative: true },
  exitCode: 1,
  homepage: null,
};
/** As a reader of the file has it. */
const logOf = (result: ScanResult, changes: Partial<SarifContext> = {}): ReadLog =>
  JSON.parse(JSON.stringify(resultSarif(result, { ...context, ...changes }))) as ReadLog;
const resultsOf = (result: ScanResult): readonly ReadFinding[] => logOf(result).runs[0]!.results;

const evil = "a](https://example.com) [b](1) {0} {1}\u001b[2J<img src=x>";
const texts = (result: ScanResult): ScanResult =>
  withTexts(result, () => evil, ["verdict", "createdAt", "sha256"]);

const all: [string, ScanResult][] = [
  ["a backdoor by patches", contrastResultOf()],
  ["a backdoor by the paper's method", resultOf()],
  ["a benign model", contrastResultOf({ verdict: "benign", warnings: [] })],
  ["a benign model with warnings", contrastResultOf({ verdict: "benign" })],
  ["an inconclusive scan", resultOf({ verdict: "inconclusive", warnings: ["one", "two"] })],
  ["names that mean something in SARIF", texts(contrastResultOf())],
  ["a result of a newer method", contrastResultOf({ method: "divination", contrast: [] })],
];

describe("the log", () => {
  test.each(all)("of %s fits the official schema and what GitHub asks for", (_, result) => {
    const log = logOf(result);
    expect(schemaProblems(log)).toEqual([]);
    expect(githubProblems(log)).toEqual([]);
  });

  test("with an absolute location and a homepage fits too", () => {
    const log = logOf(resultOf(), {
      location: { uri: "file:///models/a%20b.onnx", isRelative: false },
      homepage: "https://example.com/drmguard",
    });
    expect(schemaProblems(log)).toEqual([]);
    const [run] = log.runs;
    expect(run!.tool.driver.informationUri).toBe("https://example.com/drmguard");
    expect(run!.results[0]!.locations[0]!.physicalLocation.artifactLocation).toEqual({
      uri: "file:///models/a%20b.onnx",
      index: 0,
    });
  });

  test("that is broken does not: the checks can fail", () => {
    const log = logOf(contrastResultOf());
    const [run] = log.runs;
    const broken = (changes: object): unknown => ({
      ...log,
      runs: [{ ...run, results: [{ ...run!.results[0], ...changes }] }],
    });
    expect(schemaProblems(broken({ message: undefined }))).not.toEqual([]);
    expect(schemaProblems(broken({ level: "fatal" }))).not.toEqual([]);
    expect(schemaProblems({ ...log, version: "2.0.0" })).not.toEqual([]);
    expect(githubProblems(broken({ locations: [] }) as ReadLog)).toEqual(["location of backdoored/patch"]);
    expect(githubProblems(broken({ ruleIndex: 5 }) as ReadLog)).toEqual(["index of backdoored/patch"]);
  });

  test("names the model by its place and hash, and asks for no network", () => {
    const log = logOf(resultOf());
    const [run] = log.runs;
    expect(run!.artifacts).toMatchObject([
      {
        location: { uri: "models/gaze.onnx", uriBaseId: "%SRCROOT%" },
        hashes: { "sha-256": "0123456789abcdef".repeat(4) },
      },
    ]);
    expect(run!.tool.driver.informationUri).toBeUndefined();
    for (const rule of run!.tool.driver.rules) expect(rule.helpUri).toBeUndefined();
    expect(JSON.stringify(run)).not.toMatch(/https?:/);
  });

  test("has the run's exit code, time and verdict", () => {
    const [run] = logOf(resultOf({ verdict: "inconclusive" }), { exitCode: 3 }).runs;
    expect(run!.invocations).toMatchObject([
      {
        executionSuccessful: true,
        exitCode: 3,
        startTimeUtc: "2026-01-02T03:03:03.600Z",
        endTimeUtc: "2026-01-02T03:04:05.000Z",
      },
    ]);
    expect(run!.properties).toMatchObject({
      verdict: "inconclusive",
      score: 0.0123,
      margin: 0.41,
      interval: null,
    });
  });

  test("has the same rules whatever was found, each id once", () => {
    const rules = all.map(([, result]) => logOf(result).runs[0]!.tool.driver.rules);
    for (const each of rules) expect(each).toEqual(rules[0]);
    const ids = rules[0]!.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    // These are what alerts are told apart by: a renamed rule would open all of them again.
    expect(ids).toEqual([
      "backdoored/patch",
      "backdoored/warp",
      "backdoored/additive",
      "backdoored/wave",
      "backdoored/generator",
      "backdoored/mask",
      "backdoored/feature-mask",
      "backdoored/other",
      "inconclusive",
      "scan-warning",
    ]);
  });

  test("is of a category of its own for each model, so that one does not close the alerts of another", () => {
    const id = (uri: string): string =>
      logOf(resultOf(), { location: { uri, isRelative: true } }).runs[0]!.automationDetails.id;
    expect(id("models/gaze.onnx")).toBe("drmguard/models/gaze.onnx/");
    expect(id("a.onnx")).not.toBe(id("b.onnx"));
  });
});

describe("the results", () => {
  test("of a backdoor are an error with its evidence", () => {
    const [backdoor, warning] = resultsOf(contrastResultOf());
    expect(backdoor).toMatchObject({
      ruleId: "backdoored/patch",
      level: "error",
      properties: {
        score: 0.125,
        interval: { low: 0.11, high: 0.15 },
        threshold: 0.5,
        margin: 0.25,
        target: [
          { name: "yaw", value: 0.5 },
          { name: "pitch", value: -0.2 },
        ],
      },
    });
    expect(backdoor!.message.text).toBe(
      "gaze.onnx is backdoored: a small patch draws the outputs of all clean images to yaw 0.5, pitch -0.2 " +
        "(score 0.125, interval 0.11 to 0.15, threshold 0.5). Reasons: mean perturbation is small.",
    );
    expect(warning).toMatchObject({
      ruleId: "scan-warning",
      level: "note",
      message: { text: "found 60 images" },
    });
  });

  test("are none for a benign model: GitHub shows results of kind pass as alerts", () => {
    const log = logOf(contrastResultOf({ verdict: "benign", warnings: [] }), { exitCode: 0 });
    const [run] = log.runs;
    expect(run!.results).toEqual([]);
    expect(run!.properties.verdict).toBe("benign");
    expect(run!.invocations[0]).toMatchObject({
      exitCode: 0,
      toolExecutionNotifications: [
        { level: "note", message: { text: expect.stringContaining("is benign") } },
      ],
    });
  });

  test("of an inconclusive scan are a warning with the reasons", () => {
    const [doubt] = resultsOf(resultOf({ verdict: "inconclusive", reasons: ["too blurred", "cut short"] }));
    expect(doubt).toMatchObject({ ruleId: "inconclusive", level: "warning" });
    expect(doubt!.message.text).toContain("too blurred; cut short");
  });

  const [patch] = contrastResultOf().contrast!;
  const family = (name: string, ...scores: [low: number, high: number][]): typeof patch => ({
    ...patch!,
    family: name,
    findings: scores.map(([low, high]) => ({ ...patch!.findings[0]!, score: (low + high) / 2, low, high })),
  });

  test("are one for each family that is below the threshold, the most suspicious first", () => {
    const contrast = [
      family("patch", [0.3, 0.4], [0.2, 0.3]),
      family("warp", [0.1, 0.2]),
      // The threshold of 0.5 lies inside: no evidence.
      family("additive", [0.4, 0.6]),
    ];
    const found = resultsOf(contrastResultOf({ contrast: contrast as ScanResult["contrast"], warnings: [] }));
    expect(found.map(({ ruleId, properties }) => [ruleId, properties.score])).toEqual([
      ["backdoored/warp", expect.closeTo(0.15, 12)],
      ["backdoored/patch", 0.25],
    ]);
  });

  test.each([
    ["paper", "generator"],
    ["neural-cleanse", "mask"],
    ["feature-re", "feature-mask"],
    ["divination", "other"],
  ])("of the method %s are of the rule backdoored/%s", (method, kind) => {
    const [first] = resultsOf(resultOf({ method }));
    expect(first).toMatchObject({
      ruleId: `backdoored/${kind}`,
      properties: { interval: null, score: 0.0123 },
    });
  });

  test("hold no link and no placeholder that came from a name", () => {
    const [run] = logOf(texts(contrastResultOf())).runs;
    const messages = run!.results.map(({ message }) => message.text);
    expect(messages.join()).toContain("example.com");
    for (const text of messages) {
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
      expect(text).not.toMatch(/\]\(|\{\d+\}|[\u0000-\u001f]/);
    }
  });
});

describe("fingerprints", () => {
  const printsOf = (result: ScanResult): unknown[] =>
    resultsOf(result).map(({ ruleId, partialFingerprints }) => [ruleId, partialFingerprints]);
  const model = contrastResultOf().model;
  const warnings = ["found 20 images", "labels are off by 0.25"];
  const base = contrastResultOf({ warnings });

  test("stay the same between runs on the same model", () => {
    const [map] = base.contrast!;
    const finding = { ...map!.findings[0]!, score: 0.2, low: 0.19, high: 0.21, target: [1, 1] };
    const again = contrastResultOf({
      seed: 5,
      createdAt: "2027-01-01T00:00:00.000Z",
      score: 0.2,
      model: { ...model, path: "elsewhere/copy.onnx" },
      contrast: [{ ...map!, findings: [finding] }],
      warnings: ["found 25 images", "labels are off by 1.5e-7"],
      reasons: ["another"],
    });
    expect(printsOf(again)).toEqual(printsOf(base));
  });

  test("differ between models, and between findings on one", () => {
    const hex = fc.string({ unit: fc.constantFrom(..."0123456789abcdef"), minLength: 64, maxLength: 64 });
    const hashes = (result: ScanResult): string[] =>
      resultsOf(result).map(({ partialFingerprints }) => partialFingerprints.primaryLocationLineHash!);
    fc.assert(
      fc.property(hex, hex, (a, b) => {
        const [first, second] = [a, b].map((sha256) => hashes({ ...base, model: { ...model, sha256 } }));
        expect(new Set(first).size).toBe(3);
        if (a.slice(0, 32) !== b.slice(0, 32))
          expect(first!.filter((each) => second!.includes(each))).toEqual([]);
      }),
      { numRuns: 20 },
    );
  });
});
