/** Two implementations of one step, timed in turns, so that whatever else the machine does meets both. */
import { setTimeout } from "node:timers/promises";
import type { Reference } from "./reference.ts";
import { type Spread, spreadOf } from "./statistics.ts";

/** Between two runs: the threads of both spin for a while after one. */
const pause = 30;

/** Milliseconds of a step, ours and PyTorch's. */
export interface Turns {
  readonly own: Spread;
  readonly torch: Spread;
}

/**
 * Times our step and PyTorch's.
 *
 * @param step one of ours, which gives its milliseconds
 * @param request one of PyTorch's, which answers with its seconds
 * @param warmUp rounds before the first that counts
 */
export async function inTurns(
  step: () => Promise<number>,
  reference: Reference,
  request: Readonly<Record<string, unknown>>,
  rounds: number,
  warmUp: number,
): Promise<Turns> {
  const times: { own: number[]; torch: number[] } = { own: [], torch: [] };
  for (let round = -warmUp; round < rounds; round++) {
    const own = await step();
    await setTimeout(pause);
    const { seconds } = await reference.ask<{ seconds: number }>(request);
    await setTimeout(pause);
    if (round < 0) continue;
    times.own.push(own);
    times.torch.push(1000 * seconds);
  }
  return { own: spreadOf(times.own), torch: spreadOf(times.torch) };
}

/** Both and how they compare, as cells of a table. */
export function turnCells({ own, torch }: Turns, digits: number): string {
  const text = ({ min, median, max }: Spread): string =>
    `${median.toFixed(digits)} (${min.toFixed(digits)} to ${max.toFixed(digits)})`;
  return `${text(own)} | ${text(torch)} | ${(torch.median / own.median).toFixed(2)}`;
}
