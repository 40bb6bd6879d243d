/** Pages of reports as documents, and what must hold of all of them. */
import { createHash } from "node:crypto";
import { parseHTML } from "linkedom";
import { expect } from "vitest";

/** An element of a page, as far as tests look at it. */
export interface PageElement {
  readonly tagName: string;
  readonly id: string;
  readonly textContent: string;
  readonly className: string;
  readonly attributes: Iterable<{ readonly name: string; readonly value: string }>;
  getAttribute(name: string): string | null;
  closest(selector: string): PageElement | null;
  querySelector(selector: string): PageElement | null;
  querySelectorAll(selector: string): Iterable<PageElement>;
}

/** The elements of a page that a selector names. */
export const all = (page: Pick<PageElement, "querySelectorAll">, selector: string): PageElement[] => [
  ...page.querySelectorAll(selector),
];

/** A page as a document. */
export const parsePage = (html: string): PageElement => parseHTML(html).document as unknown as PageElement;

/** What must hold of every page: it loads and runs nothing, and says in words what it shows. */
export function expectSoundPage(html: string): PageElement {
  const page = parsePage(html);
  // No value of a result was missing where it was written. Base64 may have any letters.
  const written = html.replaceAll(/base64,[^"]*/g, "");
  expect(written.match(/.{0,60}(NaN|Infinity|undefined|\[object).{0,20}/g) ?? []).toEqual([]);

  expect(all(page, "script, iframe, link, object, embed, form, base, audio, video")).toEqual([]);
  for (const element of all(page, "*")) {
    for (const { name, value } of element.attributes) {
      expect(name).not.toMatch(/^on|^style$/);
      if (name === "src") expect(value).toMatch(/^data:image\/png;base64,/);
      if (name.endsWith("href")) expect(value).toMatch(/^(#|data:application\/json;base64,)/);
      // Only places within the page: markers and clips.
      if (value.includes("url(")) expect(value).toMatch(/^url\(#[\w-]+\)$/);
    }
  }
  const policy = page.querySelector('meta[http-equiv="Content-Security-Policy"]')!.getAttribute("content")!;
  const style = /<style>([^<]*)<\/style>/.exec(html)![1]!;
  const hash = createHash("sha256").update(style).digest("base64");
  expect(policy).toBe(
    `default-src 'none'; style-src 'sha256-${hash}'; img-src data:; base-uri 'none'; form-action 'none'`,
  );
  expect(html.match(/<style/g)).toHaveLength(1);
  expect(style).not.toMatch(/@import|url\(/);

  const ids = all(page, "[id]").map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
  const links = all(page, 'a[href^="#"]').map((link) => link.getAttribute("href")!.slice(1));
  expect(links).toEqual(all(page, "main section").map((each) => each.getAttribute("aria-labelledby")));
  for (const id of links) expect(page.querySelector(`h2[id="${id}"]`)!.textContent).not.toBe("");

  expect(["header", "nav", "main", "footer", "h1"].map((name) => all(page, name).length)).toEqual([
    1, 1, 1, 1, 1,
  ]);
  const levels = all(page, "h1, h2, h3, h4").map(({ tagName }) => Number(tagName.slice(1)));
  levels.forEach((level, i) => {
    expect(level - (levels[i - 1] ?? 0)).toBeLessThanOrEqual(1);
  });
  const regions = all(page, '[role="region"], nav').map((each) => each.getAttribute("aria-label"));
  expect(new Set(regions).size).toBe(regions.length);
  for (const region of all(page, '[role="region"]')) expect(region.getAttribute("tabindex")).toBe("0");

  for (const svg of all(page, "svg")) {
    expect([svg.getAttribute("role"), svg.getAttribute("aria-label")]).toEqual([
      "img",
      expect.stringMatching(/\w/),
    ]);
    expect(svg.closest("figure")).not.toBeNull();
    expect(all(svg, "circle, path, line, text").length).toBeGreaterThan(0);
  }
  for (const image of all(page, "img")) {
    expect(image.getAttribute("alt")).toMatch(/\w/);
    expect(image.closest("figure")).not.toBeNull();
  }
  for (const figure of all(page, "figure")) {
    expect(all(figure, "svg, img").length).toBeGreaterThan(0);
    // A caption says something of the picture beside the key.
    expect(figure.querySelector("figcaption p")!.textContent.length).toBeGreaterThan(10);
  }
  for (const cell of all(page, "th")) expect(cell.getAttribute("scope")).toMatch(/^(row|col)$/);
  for (const table of all(page, "table")) {
    expect(table.querySelector("caption") ?? table.closest('[role="region"]')).not.toBeNull();
    expect(all(table, "tbody tr").length).toBeGreaterThan(0);
  }
  return page;
}

/** The figure in a section whose caption or name fits. */
export function figureIn(page: PageElement, section: string, label: RegExp): PageElement {
  const found = all(page, `section[aria-labelledby="${section}"] figure`).find((each) =>
    label.test(each.querySelector("svg")?.getAttribute("aria-label") ?? each.textContent),
  );
  if (found === undefined) throw new Error(`no figure ${label} in section ${section}`);
  return found;
}

/** Where a mark lies: its transform, or its centre. */
export function placeOf(mark: PageElement): [x: number, y: number] {
  const moved = /translate\(([-\d.e]+),([-\d.e]+)\)/.exec(mark.getAttribute("transform") ?? "");
  if (moved !== null) return [Number(moved[1]), Number(moved[2])];
  return [Number(mark.getAttribute("cx")), Number(mark.getAttribute("cy"))];
}
