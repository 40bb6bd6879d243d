/** Time that a process was awake. */

/** Milliseconds that may lie between two looks at the clock; what is more was spent stopped or asleep. */
const longestPause = 5000;

/**
 * Measures time without what a process spent stopped (Ctrl-Z) or a machine asleep, when its children stood still too, and without jumps of the
 * system's time.
 *
 * @param now the time in milliseconds
 * @returns milliseconds awake since the start; it has to be asked every second or so
 */
export function createAwakeClock(now: () => number = Date.now): () => number {
  let last = now();
  let awake = 0;
  return () => {
    const time = now();
    awake += Math.min(Math.max(0, time - last), longestPause);
    last = time;
    return awake;
  };
}
