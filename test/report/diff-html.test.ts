import { describe, expect, test } from "vitest";
import { diffResults, type ResultDiff } from "../../src/report/diff.ts";
import { diffHtml } from "../../src/report/diff-html.ts";
import type { ScanResult } from "../../src/report/result.ts";
import { contrastResultOf, withTexts } from "../support/result.ts";

const base = contrastResultOf();
const diff = (changes: Partial<ScanResult>): ResultDiff =>
  diffResults(base, { ...base, ...changes }, { before: "a.json", after: "b.json" });
/** The text of a page without its head and the data that it carries. */
const textOf = (page: string): string =>
  page
    .slice(page.indexOf("<body>"))
    .replaceAll(/<[^>]*>/g, " ")
    .replaceAll("&gt;", ">")
    .replaceAll(/\s+/g, " ");

describe("the page of a comparison", () => {
  test("says first whether it is one, then what became of the verdict, then all that differs", () => {
    const text = textOf(diffHtml(diff({ verdict: "benign", seed: 7, warnings: ["few images"] })));
    const order = [
      "a.json -> b.json",
      "verdict changed",
      "Comparable: the same scan of the same model.",
      "another seed: 0 -> 7",
      "The verdict changed: backdoored -> benign.",
      "verdict backdoored benign changed",
      "score 0.125 0.125 below the threshold is suspicious",
      "interval 0.11 to 0.15 0.11 to 0.15 they overlap",
      "seed 0 7",
      "New warnings few images",
      "Warnings that are gone found 60 images",
    ];
    let at = 0;
    for (const words of order) {
      const found = text.indexOf(words, at);
      expect(found, `${words} in ${text.slice(at)}`).toBeGreaterThanOrEqual(0);
      at = found;
    }
  });

  test.each<[string, Partial<ScanResult>]>([
    ["same verdict", { seed: 7 }],
    ["not comparable", { method: "paper" }],
    ["verdict changed", { method: "paper", verdict: "benign" }],
  ])("has the badge %s", (badge, changes) => {
    expect(textOf(diffHtml(diff(changes)))).toContain(`a.json -> b.json ${badge} `);
  });

  test("loads and runs nothing, and carries what it is drawn from", () => {
    const found = diff({ seed: 7 });
    const page = diffHtml(found);
    expect(page).toMatch(/Content-Security-Policy" content="default-src 'none'/);
    expect(page).not.toMatch(/<script|https?:\/\//);
    const carried = /download="diff.json" href="data:application\/json;base64,([^"]+)"/.exec(page)![1]!;
    expect(JSON.parse(Buffer.from(carried, "base64").toString("utf8"))).toEqual(found);
    const ids = [...page.matchAll(/ id="([^"]*)"/g)].map((match) => match[1]);
    expect(ids.length).toBeGreaterThan(2);
    expect(new Set(ids).size).toBe(ids.length);
    for (const id of ids) expect(id).toMatch(/^[a-z-]+$/);
  });

  test("shows names of a result as text", () => {
    const evil = `"><img src=x onerror=alert(1)>'<script>`;
    const other = withTexts(base, () => evil, ["verdict", "createdAt"]);
    const page = diffHtml(diffResults(base, other, { before: evil, after: evil }));
    expect(page).not.toMatch(/<img|<script/);
    expect(page).toContain("&lt;img src=x onerror=alert(1)&gt;");
  });
});
