/** Numbers as text. */

/** A number for people: four digits, no exponent where none is needed. */
export function numberText(value: number): string {
  if (value !== 0 && (Math.abs(value) < 1e-3 || Math.abs(value) >= 1e6)) return value.toExponential(2);
  return String(Number(value.toPrecision(4)));
}
