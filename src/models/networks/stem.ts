/** How a network begins. */

/**
 * How the first layers shrink an image: not at all (`small`), to a half (`medium`), to a quarter (`large`); `fine` shrinks it
 * to a quarter too, but first looks at each pixel.
 */
export const stems = ["small", "medium", "large", "fine"] as const;
/** One of them. */
export type Stem = (typeof stems)[number];
