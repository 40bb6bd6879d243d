/** Where one more value of the same kind lies: prediction intervals of normally distributed values. */

/** Halvings after which a double cannot be told from the next one, from the widest interval that is begun with. */
const halvings = 200;
/** No quantile that is asked for lies beyond: that of 1 degree of freedom at 0.999 is 318. */
const largestQuantile = 1e6;

/**
 * P(T <= t) of Student's t, by its closed form for whole degrees of freedom (Abramowitz and Stegun, 26.7.3 and 26.7.4).
 *
 * @param degrees of freedom, a whole number of at least 1
 */
function studentCdf(t: number, degrees: number): number {
  const angle = Math.atan(t / Math.sqrt(degrees));
  const [sine, cosine] = [Math.sin(angle), Math.cos(angle)];
  const isOdd = degrees % 2 === 1;
  let term = isOdd ? cosine : 1;
  let sum = 0;
  for (let k = isOdd ? 3 : 2; k <= degrees; k += 2) {
    sum += term;
    term *= (cosine * cosine * (k - 1)) / k;
  }
  // The area between -t and t, with its sign.
  const between = isOdd ? (2 / Math.PI) * (angle + sine * sum) : sine * sum;
  return (1 + between) / 2;
}

/**
 * The value below which Student's t lies with a probability.
 *
 * @param probability at least 0.5 and below 1
 * @param degrees of freedom, a whole number of at least 1
 */
export function studentQuantile(probability: number, degrees: number): number {
  let [low, high] = [0, largestQuantile];
  for (let i = 0; i < halvings; i++) {
    const middle = (low + high) / 2;
    if (studentCdf(middle, degrees) < probability) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/**
 * The lower end of the one-sided prediction interval: one more value of the same normal distribution lies above it with this
 * probability. mean - t s sqrt(1 + 1/n), where s divides by n - 1 and t is Student's of n - 1 degrees of freedom.
 *
 * @param values at least two
 * @param confidence from 0.5 to below 1
 */
export function lowerPredictionBound(values: readonly number[], confidence: number): number {
  const n = values.length;
  const mean = values.reduce((total, value) => total + value, 0) / n;
  const squares = values.reduce((total, value) => total + (value - mean) ** 2, 0);
  const deviation = Math.sqrt(squares / (n - 1));
  return mean - studentQuantile(confidence, n - 1) * deviation * Math.sqrt(1 + 1 / n);
}
