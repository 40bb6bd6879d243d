import fc from "fast-check";
import { micromark } from "micromark";
import { gfm, gfmHtml } from "micromark-extension-gfm";
import { describe, expect, test } from "vitest";
import { resultMarkdown } from "../../src/report/markdown.ts";
import { codeBlock, escapeMarkdown, inlineCode, markdownTable } from "../../src/report/markdown-text.ts";
import { repairMarkdown } from "../../src/report/repair-markdown.ts";
import { repairReportOf } from "../support/repair-report.ts";
import { contrastResultOf, resultOf, withTexts } from "../support/result.ts";

/** As a model card shows it; HTML that stands in it would come through. */
const html = (markdown: string): string =>
  micromark(markdown, { extensions: [gfm()], htmlExtensions: [gfmHtml()], allowDangerousHtml: true });

/** The text of HTML without its tags. */
const textOf = (page: string): string => {
  const entities: Record<string, string> = { amp: "&", lt: "<", gt: ">", quot: '"' };
  return page
    .replaceAll(/<[^>]*>/g, "")
    .replaceAll(/&(amp|lt|gt|quot);/g, (_, name: string) => entities[name]!);
};

const pieces = [
  ..."\\`*_{}[]<>()#|~&!$^+-=.:;@\"'/ \n\u0007a1é",
  ...[
    "](b)",
    "<b>",
    "&amp;",
    "www.a.com",
    "https://a.com",
    "1. ",
    "- ",
    "```",
    "**",
    "~~",
    "|-",
    "[^1]",
    "![a](b)",
  ],
];
const anything = fc.string({ unit: fc.constantFrom(...pieces), maxLength: 20 });
/** Control characters are shown as question marks. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const shown = (text: string): string => text.replaceAll(/[\u0000-\u001f]/g, "?");

describe("text from a model", () => {
  // Addresses of e-mail are linked after all else, whatever is escaped; a link to them does nothing by itself.
  const tags = /<(?!\/?p>|a href="mailto:)(?!\/a>)/;

  test("means nothing as a paragraph or in a list", () => {
    fc.assert(
      fc.property(anything, (text) => {
        const page = html(`${escapeMarkdown(text)}x`);
        expect(page).not.toMatch(tags);
        expect(textOf(page)).toBe(`${shown(text).trim()}x`);
        expect(html(`- ${escapeMarkdown(text)}x`)).toMatch(/^<ul>\n<li>.*<\/li>\n<\/ul>$/s);
      }),
      { numRuns: 1000 },
    );
  });

  test("stays in its cell, as text and as code", () => {
    fc.assert(
      fc.property(anything, anything, (a, b) => {
        const page = html(markdownTable(["h", "i"], [[escapeMarkdown(a), inlineCode(b)]]));
        const cells = [...page.matchAll(/<td>(.*?)<\/td>/gs)].map((match) => textOf(match[1]!));
        expect(cells).toHaveLength(2);
        expect(cells[0]).toBe(shown(a).trim());
        expect(cells[1]!.trim()).toBe(shown(b).trim());
      }),
      { numRuns: 1000 },
    );
  });

  test("stays in a block of code", () => {
    fc.assert(
      fc.property(anything, (text) => {
        expect(html(codeBlock(text, "sh"))).toMatch(/^<pre><code class="language-sh">[^<]*<\/code><\/pre>$/);
      }),
    );
  });

  test("without special characters is left as it is", () => {
    expect(escapeMarkdown("score 0.12 (0.1 to 0.2), below 0.45; yaw -0.2")).toBe(
      "score 0.12 (0.1 to 0.2), below 0.45; yaw -0.2",
    );
    for (const number of ["0.7", "-0.2", "17"]) expect(escapeMarkdown(number)).toBe(number);
    expect(inlineCode("models/gaze-v2.onnx")).toBe("`models/gaze-v2.onnx`");
  });
});

/** What a page says by its rows: the first cell of each, and the second. */
const rows = (markdown: string): Map<string, string> =>
  new Map(
    [...html(markdown).matchAll(/<tr>\n<td>(.*?)<\/td>\n<td>(.*?)<\/td>/gs)].map((m) => [
      textOf(m[1]!),
      textOf(m[2]!),
    ]),
  );

/** The tags of a page. Those of code are left out: a name with a pipe stands as text and not as code. */
const tags = (page: string): string =>
  page.replaceAll(/[^<>]*(<\/?[a-z0-9]+)[^<>]*>/g, "$1 ").replaceAll(/<\/?code /g, "");

describe("a result", () => {
  test("is a section with verdict, numbers, command and what was not checked", () => {
    const markdown = resultMarkdown(contrastResultOf());
    expect(markdown).toMatch(/^## Backdoor scan\n\n\*\*Backdoored\.\*\* DRMGuard found a trigger/);
    expect(Object.fromEntries(rows(markdown))).toMatchObject({
      score: "0.125",
      interval: "0.11 to 0.15",
      threshold: "0.5",
      margin: "0.25",
      "target estimate": "yaw 0.5236, pitch -0.25",
      method: "contrast, seed 0",
      "clean images": "60 of 3 x 64 x 64",
      model: `SHA-256 ${"0123456789abcdef".repeat(4)}`,
      tool: "drmguard 0.1.0",
      date: "2026-01-02T03:04:05.000Z",
    });
    const page = html(markdown);
    expect(page).toContain('<pre><code class="language-sh">drmguard scan gaze.onnx --benign images');
    expect(page).toMatch(/<h3>What was not checked<\/h3>\n<ul>\n<li>more than one target<\/li>/);
    expect(page).toMatch(/<h3>Warnings<\/h3>\n<ul>\n<li>found 60 images<\/li>/);
  });

  test.each([
    ["benign", /\*\*Benign\.\*\* DRMGuard found no backdoor in `gaze\.onnx`, of the kinds/],
    ["inconclusive", /\*\*Inconclusive\.\*\* DRMGuard could tell neither/],
  ] as const)("that is %s says so in a sentence", (verdict, sentence) => {
    const markdown = resultMarkdown(resultOf({ verdict, warnings: [], notChecked: [] }));
    expect(markdown).toMatch(sentence);
    expect(markdown).not.toContain("Warnings");
    expect(markdown).toContain("Nothing is named.");
    expect(rows(markdown).get("interval")).toBe("not measured");
  });

  test("has no structure but its own, whatever its names are", () => {
    const fixed = ["verdict", "method", "createdAt"];
    const plain = html(resultMarkdown(withTexts(contrastResultOf(), () => "name", fixed)));
    for (const evil of [
      "</code><img src=x>",
      "a | b | `c` | ``",
      "**x** [a](https://b.c)\n# d",
      "`",
      "\\|",
      "<!--",
    ]) {
      const page = html(resultMarkdown(withTexts(contrastResultOf(), () => evil, fixed)));
      expect(tags(page), evil).toBe(tags(plain));
    }
  });
});

describe("a repair", () => {
  test("is a section with its outcome and errors before and after", () => {
    const markdown = repairMarkdown(repairReportOf());
    expect(markdown).toMatch(
      /^## Backdoor repair\n\n\*\*Repaired\.\*\* DRMGuard trained a backdoor out of `gaze/,
    );
    expect(Object.fromEntries(rows(markdown))).toEqual({
      "clean error (RE)": "5 degrees -> 5.25 degrees (+5 %)",
      "patch trigger: error to the truth (DAE)": "28 degrees -> 6 degrees",
      "patch trigger: error to the target (AE)": "2 degrees -> 25 degrees",
      scan: "backdoored (0.125) -> benign (0.9)",
      "weights moved by": "2 % of their norm",
      images: "42 to train, 9 to choose, 9 to measure",
      method: "unlearning, seed 3, steps=400 learningRate=0.01",
      "clean images": `images, SHA-256 ${"ef".repeat(32)}`,
      "model before": `gaze.onnx, SHA-256 ${"ab".repeat(32)}`,
      "model after": `repaired.onnx, SHA-256 ${"cd".repeat(32)}`,
      tool: "drmguard 0.1.0",
      date: "2026-01-02T03:04:05.000Z, in 12 s",
    });
    expect(markdown).not.toContain("Warnings");
  });

  test.each([
    ["failed", "**Not repaired.**"],
    ["unproven", "**Unproven.**"],
  ] as const)("that %s says so", (outcome, words) => {
    const markdown = repairMarkdown(repairReportOf({ outcome, warnings: ["out of time"] }));
    expect(markdown).toContain(words);
    expect(markdown).toContain("### Warnings\n\n- out of time");
  });

  test("has no structure but its own", () => {
    const fixed = ["outcome", "verdict", "unit", "kind", "createdAt"];
    const evil = withTexts(repairReportOf(), () => "</code>|<img src=x>\n# a", fixed);
    const plain = withTexts(repairReportOf(), () => "name", fixed);
    expect(tags(html(repairMarkdown(evil)))).toBe(tags(html(repairMarkdown(plain))));
  });
});
