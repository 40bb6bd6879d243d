/** Some images of a data set beside each other with their labels, for people to see whether the two agree. */
import { messageOf } from "../../../errors.ts";
import type { Random } from "../../../random.ts";
import type { DataSet, LabelColumn } from "../../datasets/dataset.ts";
import { resize } from "../../resize.ts";

/** A picture of tiles, and what could not be drawn. */
export interface ContactSheet {
  /** PNG. */
  readonly png: Uint8Array;
  /** Images that cannot be read, each with the reason. */
  readonly broken: readonly string[];
}

/** H = W of a tile's image, px. */
const side = 144;
const captionHeight = 18;
const columns = 8;

/**
 * Draws random samples. Where there is a yaw, an arrow shows where the label points to: to the left of the image for yaw above 0, up for
 * pitch above 0. When arrows and faces point to different sides, a sign is wrong.
 *
 * @param dataSet the data set
 * @param most how many samples are drawn at most
 * @param random which ones
 */
export async function contactSheet(dataSet: DataSet, most: number, random: Random): Promise<ContactSheet> {
  const { default: sharp } = await import("sharp");
  const chosen = random
    .permutation(dataSet.samples.length)
    .slice(0, most)
    .sort((a, b) => a - b);
  const across = Math.min(columns, chosen.length);
  const width = across * side;
  const height = Math.ceil(chosen.length / across) * (side + captionHeight);
  const bytes = new Uint8Array(width * height * 3).fill(24);
  const broken: string[] = [];
  const marks: string[] = [];
  for (const [place, index] of chosen.entries()) {
    const left = (place % across) * side;
    const top = Math.floor(place / across) * (side + captionHeight);
    // One at a time: images of a data set may differ in size, and may be broken.
    try {
      await drawImage(dataSet, index, { bytes, width, left, top });
    } catch (error) {
      broken.push(messageOf(error));
    }
    marks.push(marksOf(dataSet.labels, dataSet.samples[index]!.labels, left, top));
  }
  const overlay = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${marks.join("")}</svg>`;
  const png = await sharp(bytes, { raw: { width, height, channels: 3 } })
    .composite([{ input: Buffer.from(overlay) }])
    .png()
    .toBuffer();
  return { png, broken };
}

async function drawImage(
  dataSet: DataSet,
  index: number,
  sheet: { bytes: Uint8Array; width: number; left: number; top: number },
): Promise<void> {
  const { pixels, shape } = await dataSet.load([index], { channels: 3, size: null });
  const [, channels, height, width] = shape;
  const scale = side / Math.max(height, width);
  const [h, w] = [height, width].map((size) => Math.max(1, Math.round(size * scale))) as [number, number];
  const tile = resize({ name: "tile", channels, height, width, pixels }, h, w).pixels;
  const left = sheet.left + Math.floor((side - w) / 2);
  const top = sheet.top + Math.floor((side - h) / 2);
  for (let y = 0; y < h; y++) {
    for (let x = 0; x < w; x++) {
      const to = ((top + y) * sheet.width + left + x) * 3;
      for (let c = 0; c < 3; c++) sheet.bytes[to + c] = Math.round(255 * tile[(c * h + y) * w + x]!);
    }
  }
}

/** The arrow and the caption of a tile, as SVG. */
function marksOf(
  labels: readonly LabelColumn[],
  values: readonly number[],
  left: number,
  top: number,
): string {
  const text = labels
    .map(({ name, unit }, i) =>
      unit === "radians"
        ? `${name} ${((values[i]! * 180) / Math.PI).toFixed(0)}°`
        : `${name} ${Number(values[i]!.toPrecision(3))}`,
    )
    .join(" ");
  const caption = `<text x="${left + 4}" y="${top + side + 13}" font-family="sans-serif" font-size="11" fill="#ddd">${escaped(text)}</text>`;
  const angleOf = (name: string): number | undefined =>
    values[labels.findIndex((label) => label.name.toLowerCase() === name && label.unit === "radians")];
  const yaw = angleOf("yaw");
  if (yaw === undefined) return caption;
  const pitch = angleOf("pitch") ?? 0;
  const [x, y] = [left + side / 2, top + side / 2];
  const [tipX, tipY] = [
    x - Math.sin(yaw) * Math.cos(pitch) * (side / 2),
    y - Math.sin(pitch) * (side / 2),
  ].map((value) => value.toFixed(1));
  return `${caption}<path d="M${x} ${y}L${tipX} ${tipY}" stroke="#3f6" stroke-width="3" fill="none"/><circle cx="${tipX}" cy="${tipY}" r="4" fill="#3f6"/>`;
}

const escaped = (text: string): string => text.replace(/[<>&]/g, (sign) => `&#${sign.charCodeAt(0)};`);
