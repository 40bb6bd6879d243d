/** The frame of all reports: one file that loads nothing and runs nothing. */
import { toBase64 } from "../../data/base64.ts";
import { escapeHtml, nameOf } from "./elements.ts";
import { style, styleHash } from "./style.ts";

/** A section of a page. */
export interface Section {
  /** Unlike that of any other section. */
  readonly id: string;
  readonly title: string;
  /** What stands in it; a section of nothing is left out. */
  readonly html: readonly string[];
}

/** What a page shows. */
export interface Page {
  /** For the window. */
  readonly title: string;
  /** What it is about: a file's name. */
  readonly subject: string;
  /** What is said of it, in a word, and the colour that it is said in. */
  readonly badge: string;
  readonly tone: "benign" | "backdoored" | "inconclusive";
  /** What stands below the heading. */
  readonly lead: readonly string[];
  readonly sections: readonly Section[];
  /** What the page is drawn from, and the name of its file. */
  readonly data: unknown;
  readonly dataName: string;
}

/**
 * No script, no frame, no form, no connection; pictures from the page itself, and this style alone. An attribute that is called style has
 * no effect.
 */
export const contentPolicy = `default-src 'none'; style-src 'sha256-${styleHash}'; img-src data:; base-uri 'none'; form-action 'none'`;

/** A page as HTML that works from a file. */
export function pageHtml(page: Page): string {
  const { title, subject, badge, tone, lead, data, dataName } = page;
  const sections = page.sections
    .map(({ html, ...rest }) => ({ ...rest, html: html.filter((each) => each !== "") }))
    .filter(({ html }) => html.length > 0);
  const links = sections.map(({ id, title }) => `<li><a href="#${id}">${escapeHtml(title)}</a></li>`);
  const bodies = sections.map(
    ({ id, title, html }) =>
      `<section aria-labelledby="${id}">\n<h2 id="${id}">${escapeHtml(title)}</h2>\n${html.join("\n")}\n</section>`,
  );
  const bytes = new TextEncoder().encode(JSON.stringify(data));
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${contentPolicy}">
<meta name="color-scheme" content="light dark">
<title>${escapeHtml(title)}</title>
<style>${style}</style>
</head>
<body>
<header>
<h1>${nameOf(subject)} <span class="badge ${tone}">${escapeHtml(badge)}</span></h1>
${lead.filter((each) => each !== "").join("\n")}
</header>
<nav aria-label="Sections"><ul>${links.join("")}</ul></nav>
<main>
${bodies.join("\n")}
</main>
<footer>
<p>All of this is drawn from <a download="${dataName}" href="data:application/json;base64,${toBase64(bytes)}">${dataName}</a>, which this file carries.</p>
</footer>
</body>
</html>
`;
}
