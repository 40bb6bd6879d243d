/** How a network begins. */

/** How much the first layers shrink an image: not at all, to a half, or to a quarter. */
export const stems = ["small", "medium", "large"] as const;
/** One of them. */
export type Stem = (typeof stems)[number];
