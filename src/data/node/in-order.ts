/** Work on many things, some at the same time. */

/** Images that are decoded at the same time: enough to keep two threads busy while files are read. */
export const decodedAtOnce = 4;

/**
 * What work on each of some items gives, in their order, while that on the next ones is under way.
 *
 * Throws what the work throws, when its turn comes.
 *
 * @param items what is worked on
 * @param atOnce how many at the same time
 * @param start begins the work on one
 */
export async function* inOrder<Item, Result>(
  items: readonly Item[],
  atOnce: number,
  start: (item: Item) => Promise<Result>,
): AsyncGenerator<Result> {
  const pending: Promise<Result>[] = [];
  const begin = (item: Item): void => {
    const result = start(item);
    // It is awaited later; until then a failure must not count as unhandled.
    result.catch(() => {});
    pending.push(result);
  };
  items.slice(0, atOnce).forEach(begin);
  for (let next = atOnce; pending.length > 0; next++) {
    const result = await pending.shift()!;
    if (next < items.length) begin(items[next]!);
    yield result;
  }
}
