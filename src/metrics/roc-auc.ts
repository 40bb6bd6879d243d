/** How well a score ranks. */

/**
 * The area under the ROC curve of a score that is lower for positives: the chance that a positive has a lower score than a negative, ties
 * counted as a half.
 *
 * @param positives scores of what shall be found
 * @param negatives scores of the rest
 * @returns null when either is empty
 */
export function rocAuc(positives: readonly number[], negatives: readonly number[]): number | null {
  if (positives.length === 0 || negatives.length === 0) return null;
  let wins = 0;
  for (const positive of positives) {
    for (const negative of negatives) wins += positive < negative ? 1 : positive === negative ? 0.5 : 0;
  }
  return wins / (positives.length * negatives.length);
}
