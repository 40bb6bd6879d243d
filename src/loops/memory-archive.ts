/** Checkpoints in memory: for work that is stopped and gone on with in one process, such as a page. */
import type { CheckpointArchive, SavedState } from "./work.ts";

/** A store that holds copies, as files would. */
export function memoryArchive(): CheckpointArchive {
  const states = new Map<string, SavedState>();
  const keys = (prefix: string): string[] =>
    [...states.keys()].filter((key) => key.startsWith(prefix)).sort();
  return {
    load: async (key) => structuredClone(states.get(key) ?? null),
    save: async (key, state) => void states.set(key, structuredClone(state)),
    keys: async (prefix) => keys(prefix),
    async remove(prefix) {
      for (const key of keys(prefix)) states.delete(key);
    },
  };
}
