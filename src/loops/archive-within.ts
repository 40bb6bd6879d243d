/** A part of an archive of checkpoints, as an archive of its own. */
import type { CheckpointArchive } from "./work.ts";

/**
 * The states whose keys begin with a prefix, under keys without it.
 *
 * @param prefix no other key may begin so
 */
export function archiveWithin(archive: CheckpointArchive, prefix: string): CheckpointArchive {
  return {
    load: (key) => archive.load(prefix + key),
    save: (key, state) => archive.save(prefix + key, state),
    keys: async (start) => (await archive.keys(prefix + start)).map((key) => key.slice(prefix.length)),
    remove: (start) => archive.remove(prefix + start),
  };
}
