/** Names beside the axes of charts. */

const longest = 28;

/** A name as it fits beside an axis. */
export function shortName(name: string): string {
  return name.length <= longest ? name : `${name.slice(0, longest - 1)}…`;
}
