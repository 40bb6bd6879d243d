/** What differs between two configurations, for messages. */

/**
 * Names every setting that differs, with both values.
 *
 * @param saved what was saved; plain JSON
 * @param now what is asked for; plain JSON
 * @returns nothing differs: an empty text
 */
export function differencesOf(
  saved: Readonly<Record<string, unknown>>,
  now: Readonly<Record<string, unknown>>,
): string {
  const text = (value: unknown): string => JSON.stringify(value) ?? "nothing";
  return [...new Set([...Object.keys(saved), ...Object.keys(now)])]
    .filter((name) => text(saved[name]) !== text(now[name]))
    .map((name) => `${name} ${text(saved[name])} instead of ${text(now[name])}`)
    .join(", ");
}
