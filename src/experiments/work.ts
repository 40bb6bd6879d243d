/** Work of experiments: items that depend on each other, made several at a time. What is there is not made again. */
import { DrmGuardError, messageOf } from "../errors.ts";
import type { WorkEvent } from "../loops/work.ts";

/** What an item is; in the order in which they build on each other. */
export const workKinds = ["model", "scan", "repair", "measurement", "poisoning"] as const;
/** One of them. */
export type WorkKind = (typeof workKinds)[number];

/** What came of an item. */
export interface Made<T> {
  readonly result: T;
  /** How long it took, whenever that was. */
  readonly seconds: number;
}

/** One thing that is made once and then found again. Items are the same when they are the same object. */
export interface WorkItem<T = unknown> {
  readonly kind: WorkKind;
  /** For people: unlike all others of its kind. */
  readonly name: string;
  /** What has to be there first. */
  readonly needs: readonly WorkItem[];
  /** Looks for it; null when it is not there. Is asked when all that it needs is there. */
  readonly find: (results: Results) => Promise<Made<T> | null>;
  readonly make: (results: Results, context: MakeContext) => Promise<Made<T>>;
}

/** What an item is made with. */
export interface MakeContext {
  readonly signal: AbortSignal;
  readonly onEvent: (event: WorkEvent) => void;
}

/** What is there of some items. */
export interface Results {
  readonly has: (item: WorkItem) => boolean;
  /** Throws E_INTERNAL for an item that is not there. */
  readonly of: <T>(item: WorkItem<T>) => T;
}

/** How much of each kind is there, and how long one takes on average; null seconds where none is there yet. */
export type WorkCounts = Readonly<
  Partial<Record<WorkKind, { readonly done: number; readonly all: number; readonly seconds: number | null }>>
>;

/** What happens while items are made. */
export type ItemEvent =
  /** Once, after looking for what is there. */
  | { readonly kind: "planned"; readonly counts: WorkCounts; readonly jobs: number }
  | {
      readonly kind: "started" | "finished";
      readonly work: WorkKind;
      readonly item: string;
      readonly counts: WorkCounts;
    }
  | { readonly kind: "failed"; readonly work: WorkKind; readonly item: string; readonly message: string }
  | {
      readonly kind: "work";
      readonly work: WorkKind;
      readonly item: string;
      readonly event: WorkEvent;
    };

/** How items are made. */
export interface MakeOptions {
  /** Items that are made at the same time. */
  readonly jobs: number;
  /** Only looks for what is there. */
  readonly isOnlyFinished: boolean;
  readonly onEvent: (event: ItemEvent) => void;
  readonly signal: AbortSignal;
}

/**
 * Makes items and those that they need, in that order.
 *
 * A model that fails stops the others: their states are saved. Any other item that fails is said at once, what builds on it is left out,
 * and its error is thrown when all the rest is there.
 *
 * Throws E_INTERRUPTED when stopped; the same call goes on. Throws what items throw.
 *
 * @returns what is there: everything, or with `isOnlyFinished` what was found
 */
export async function makeItems(items: readonly WorkItem[], options: MakeOptions): Promise<Results> {
  const wanted = withNeeds(items);
  const made = new Map<WorkItem, Made<unknown>>();
  const results = resultsOf(made);
  const isReady = ({ needs }: WorkItem): boolean => needs.every((need) => made.has(need));
  for (const item of wanted) {
    const found = isReady(item) ? await item.find(results) : null;
    if (found !== null) made.set(item, found);
  }
  const counts = (): WorkCounts => countsOf(wanted, made);
  options.onEvent({ kind: "planned", counts: counts(), jobs: options.jobs });
  if (options.isOnlyFinished) return results;

  const controller = new AbortController();
  const signal = AbortSignal.any([controller.signal, options.signal]);
  const waiting = wanted.filter((item) => !made.has(item));
  const failures: unknown[] = [];
  let wake = (): void => {};
  const wakeAll = (): void => {
    wake();
    wake = () => {};
  };
  /** Takes an item out, with all that cannot be made without it. */
  const giveUp = (item: WorkItem): void => {
    const lost = waiting.filter(({ needs }) => needs.includes(item));
    for (const each of lost) {
      const index = waiting.indexOf(each);
      if (index >= 0) waiting.splice(index, 1);
      giveUp(each);
    }
  };
  const makeOne = async (item: WorkItem): Promise<void> => {
    const { kind: work, name } = item;
    options.onEvent({ kind: "started", work, item: name, counts: counts() });
    const onEvent = (event: WorkEvent): void => options.onEvent({ kind: "work", work, item: name, event });
    made.set(item, (await item.find(results)) ?? (await item.make(results, { signal, onEvent })));
    options.onEvent({ kind: "finished", work, item: name, counts: counts() });
  };
  const worker = async (): Promise<void> => {
    while (waiting.length > 0 && !signal.aborted) {
      const index = waiting.findIndex(isReady);
      if (index < 0) {
        // Another worker makes what is waited for.
        await new Promise<void>((resolve) => {
          const before = wake;
          wake = () => {
            before();
            resolve();
          };
        });
        continue;
      }
      const [item] = waiting.splice(index, 1) as [WorkItem];
      try {
        await makeOne(item);
      } catch (error) {
        failures.push(error);
        if (item.kind === "model" || isInterrupt(error)) {
          // The others save their states.
          controller.abort();
        } else {
          options.onEvent({ kind: "failed", work: item.kind, item: item.name, message: messageOf(error) });
          giveUp(item);
        }
      } finally {
        // Also when it failed: whoever waits for it is let go.
        wakeAll();
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(options.jobs, waiting.length) }, worker));
  // What stopped the others says more than that they were stopped.
  if (failures.length > 0) throw failures.find((error) => !isInterrupt(error)) ?? failures[0];
  if (options.signal.aborted) {
    throw new DrmGuardError("E_INTERRUPTED", "interrupted between two pieces of work");
  }
  return results;
}

const isInterrupt = (error: unknown): boolean =>
  error instanceof DrmGuardError && error.code === "E_INTERRUPTED";

/** Items with all that they need before them, each once. */
function withNeeds(items: readonly WorkItem[]): WorkItem[] {
  const all = new Set<WorkItem>();
  const add = (item: WorkItem): void => {
    item.needs.forEach(add);
    all.add(item);
  };
  items.forEach(add);
  return [...all];
}

function resultsOf(made: ReadonlyMap<WorkItem, Made<unknown>>): Results {
  return {
    has: (item) => made.has(item),
    of<T>(item: WorkItem<T>): T {
      const found = made.get(item);
      if (found === undefined) throw new DrmGuardError("E_INTERNAL", `found no ${item.kind} ${item.name}`);
      return found.result as T;
    },
  };
}

function countsOf(wanted: readonly WorkItem[], made: ReadonlyMap<WorkItem, Made<unknown>>): WorkCounts {
  const entries = workKinds.flatMap((kind) => {
    const all = wanted.filter((item) => item.kind === kind);
    if (all.length === 0) return [];
    const seconds = all.flatMap((item) => made.get(item)?.seconds ?? []);
    const mean = seconds.length === 0 ? null : seconds.reduce((a, b) => a + b, 0) / seconds.length;
    return [[kind, { done: seconds.length, all: all.length, seconds: mean }] as const];
  });
  return Object.fromEntries(entries);
}
