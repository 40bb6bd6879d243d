/** Exact intervals for the probability behind a count. */

/** A part of 1 and the ends of its interval. */
export interface Proportion {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

/** Halvings of [0, 1] after which a double cannot be told from the next one. */
const halvings = 60;

/**
 * The Clopper-Pearson interval: the smallest and the largest probability under which a count as far off as this one is no rarer than
 * half of 1 - confidence, to either side. Exact at every size, so for small ones too, where a normal approximation leaves [0, 1].
 *
 * @param successes a whole number from 0 to count
 * @param count a whole number; 0 gives NaN between 0 and 1
 */
export function clopperPearson(successes: number, count: number, confidence = 0.95): Proportion {
  const tail = (1 - confidence) / 2;
  // P(X >= k) rises with p, and P(X <= k) falls.
  const low = successes === 0 ? 0 : rootOf((p) => 1 - atMost(successes - 1, count, p) - tail);
  const high = successes === count ? 1 : rootOf((p) => tail - atMost(successes, count, p));
  return { value: successes / count, low, high };
}

/** Where a function that rises on [0, 1] is 0. */
function rootOf(rising: (p: number) => number): number {
  let [low, high] = [0, 1];
  for (let i = 0; i < halvings; i++) {
    const middle = (low + high) / 2;
    if (rising(middle) < 0) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** P(X <= most) for X ~ Binomial(count, p). */
function atMost(most: number, count: number, p: number): number {
  if (p <= 0) return 1;
  if (p >= 1) return most >= count ? 1 : 0;
  // By logarithms: (1 - p)^count underflows for counts in the thousands.
  let term = count * Math.log1p(-p);
  let sum = 0;
  for (let k = 0; k <= most; k++) {
    sum += Math.exp(term);
    term += Math.log((count - k) / (k + 1)) + Math.log(p) - Math.log1p(-p);
  }
  return Math.min(1, sum);
}
