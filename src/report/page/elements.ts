/** Parts of a page as text. What is called text is escaped here; what is called html is a part that was made here. */

/**
 * Text that is safe between tags and in attributes. Names in a result come from untrusted models.
 *
 * @param text anything
 */
export function escapeHtml(text: string): string {
  const entities: Record<string, string> = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
    "'": "&#39;",
  };
  return text.replace(/[&<>"']/g, (character) => entities[character]!);
}

/** A name from outside: its direction of writing does not reach the text around it. */
export const nameOf = (text: string): string => `<bdi>${escapeHtml(text)}</bdi>`;

/** A paragraph of text. */
export const paragraph = (text: string): string => `<p>${escapeHtml(text)}</p>`;

/** A list of texts; nothing where there are none. */
export function list(texts: readonly string[]): string {
  if (texts.length === 0) return "";
  return `<ul>${texts.map((text) => `<li>${nameOf(text)}</li>`).join("")}</ul>`;
}

/** A heading within a section, with what stands under it; nothing where that is nothing. */
export function part(title: string, ...html: readonly string[]): string {
  const content = html.filter((each) => each !== "").join("\n");
  return content === "" ? "" : `<h3>${escapeHtml(title)}</h3>\n${content}`;
}

/** What can be unfolded. */
export const details = (summary: string, html: string): string =>
  html === "" ? "" : `<details><summary>${escapeHtml(summary)}</summary>\n${html}\n</details>`;

/** A value with what it is of. */
export interface Row {
  readonly name: string;
  readonly value: string;
  /** What to compare the value with; left out where the name says all. */
  readonly meaning?: string;
}

/**
 * A table of values, one a row.
 *
 * @param caption what the values are
 */
export function valueTable(caption: string, rows: readonly Row[]): string {
  const lines = rows.map(({ name, value, meaning }) => {
    const more = meaning === undefined ? "" : `<br><small>${escapeHtml(meaning)}</small>`;
    return `<tr><th scope="row">${escapeHtml(name)}${more}</th><td>${nameOf(value)}</td></tr>`;
  });
  return (
    `<table class="values"><caption>${escapeHtml(caption)}</caption>` +
    `<tbody>${lines.join("")}</tbody></table>`
  );
}

/**
 * A table that may be wider than a phone; nothing where it has no rows.
 *
 * @param label what it holds, unlike that of any other table
 * @param head what stands above the columns
 * @param rows the cells, of which the first says what the row is
 */
export function wideTable(
  label: string,
  head: readonly string[],
  rows: readonly (readonly string[])[],
): string {
  if (rows.length === 0) return "";
  const columns = head.map((text) => `<th scope="col">${escapeHtml(text)}</th>`).join("");
  const lines = rows.map(([first, ...rest]) => {
    const cells = rest.map((text) => `<td>${nameOf(text)}</td>`).join("");
    return `<tr><th scope="row">${nameOf(first!)}</th>${cells}</tr>`;
  });
  // What scrolls must be reached by the keyboard, and then it needs a name.
  return (
    `<div class="scroll" role="region" tabindex="0" aria-label="${escapeHtml(label)}">` +
    `<table><thead><tr>${columns}</tr></thead><tbody>${lines.join("")}</tbody></table></div>`
  );
}

/** Kinds of marks, each of a shape and a colour of its own; a class of the style goes by the same name. */
export type MarkKind = "clean" | "reversed" | "after" | "target" | "control" | "home" | "map" | "restart";

/** As near to the shapes of charts as characters come. */
const markCharacters: Readonly<Record<MarkKind, string>> = {
  clean: "○",
  reversed: "▲",
  after: "◇",
  target: "✚",
  control: "◇",
  home: "□",
  map: "○",
  restart: "✕",
};

/** What a mark of a chart stands for. */
export interface KeyEntry {
  readonly kind: MarkKind;
  readonly text: string;
  /** What stands for it; that of its kind unless another is given. */
  readonly character?: string;
}

/**
 * A picture with the words that belong to it.
 *
 * @param html the picture
 * @param caption what is to be seen in it
 * @param key what its marks stand for
 */
export function figure(html: string, caption: string, key: readonly KeyEntry[] = []): string {
  const entries = key.map(
    ({ kind, text, character = markCharacters[kind] }) =>
      `<li><span class="${kind}" aria-hidden="true">${character}</span> ${escapeHtml(text)}</li>`,
  );
  const legend = key.length === 0 ? "" : `<ul class="key">${entries.join("")}</ul>`;
  return `<figure>${html}<figcaption>${legend}${paragraph(caption)}</figcaption></figure>`;
}

/** Figures side by side, as many as there is room for; nothing where there are none. */
export function figures(html: readonly string[]): string {
  return html.length === 0 ? "" : `<div class="figures">${html.join("\n")}</div>`;
}

/** A picture of pixels. */
export interface Pixels {
  /** A PNG as data URL. */
  readonly url: string;
  /** What stands below it. */
  readonly label: string;
  /** What it shows, for those who do not see it. */
  readonly description: string;
  /** What its distance from gray is multiplied with; 1 where it is shown as it is. */
  readonly scale?: number;
}

/**
 * Pictures side by side in one figure. A result may come from a file: only what is a picture is shown as one.
 *
 * @param caption what is to be seen in them
 */
export function pixelFigure(pictures: readonly Pixels[], caption: string): string {
  const shown = pictures
    .filter(({ url }) => url.startsWith("data:image/png;base64,"))
    .map(({ url, label, description, scale = 1 }) => {
      const amplified = scale > 1 ? ` class="times-${scale}"` : "";
      return (
        `<span><img${amplified} alt="${escapeHtml(description)}" src="${escapeHtml(url)}">` +
        `<span>${escapeHtml(label)}</span></span>`
      );
    });
  if (shown.length === 0) return "";
  return figure(`<div class="pixels">${shown.join("")}</div>`, caption);
}
