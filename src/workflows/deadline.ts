/** Time that is left for several parts of one work. */

/** Seconds that are left until a deadline; null for none. */
export function remaining(deadline: number | null): number | null {
  return deadline === null ? null : Math.max(0, deadline - Date.now() / 1000);
}
