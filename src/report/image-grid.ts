/** Small images in rows and columns, as SVG. */
import { escapeHtml } from "./page/elements.ts";

/** A row of images under one title. */
export interface ImageRow {
  readonly title: string;
  /** Data URLs; null leaves a place empty. */
  readonly images: readonly (string | null)[];
}

const gap = 6;
// Wide enough for the longest attack and what was done to it.
const titleWidth = 140;
const headerHeight = 20;

/**
 * Draws images in rows, the title of each beside it. Pixels stay squares.
 *
 * @param title what the picture shows, for those who do not see it
 * @param columns what stands above each column
 * @param side of an image in the picture, in pixels
 */
export function imageGrid(
  title: string,
  columns: readonly string[],
  rows: readonly ImageRow[],
  side = 96,
): string {
  const width = titleWidth + columns.length * (side + gap);
  const height = headerHeight + rows.length * (side + gap);
  const left = (j: number): number => titleWidth + j * (side + gap);
  const top = (i: number): number => headerHeight + i * (side + gap);
  const heads = columns.map(
    (text, j) => `<text x="${left(j) + side / 2}" y="14" text-anchor="middle">${escapeHtml(text)}</text>`,
  );
  const drawn = rows.flatMap((row, i) => [
    `<text x="4" y="${top(i) + side / 2}">${escapeHtml(row.title)}</text>`,
    ...row.images.flatMap((image, j) => {
      if (image === null) return [];
      const label = escapeHtml([row.title, columns[j]].filter(Boolean).join(", "));
      return [
        `<image x="${left(j)}" y="${top(i)}" width="${side}" height="${side}" href="${escapeHtml(image)}" ` +
          `style="image-rendering:pixelated"><title>${label}</title></image>`,
      ];
    }),
  ]);
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" ` +
    'font-family="sans-serif" font-size="11" fill="#333" style="background:#fff" role="img">' +
    `<title>${escapeHtml(title)}</title>${heads.join("")}${drawn.join("")}</svg>\n`
  );
}
