/** The size that a trigger is made for. */

/** [C, H, W] */
export type ImageShape = readonly [channels: number, height: number, width: number];
