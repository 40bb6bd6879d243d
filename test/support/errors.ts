/** What was thrown, to be looked at. */

/**
 * The error that an attempt ends with. Throws when it succeeds.
 *
 * @param attempt what is tried
 */
export async function errorOf(attempt: () => unknown): Promise<Error & { code?: string; hint?: string }> {
  try {
    await attempt();
  } catch (error) {
    return error as Error;
  }
  throw new Error("nothing was thrown");
}
