/** Finding the saved state of an unfinished scan, and refusing one of another configuration. */
import { sha256 } from "../data/data-key.ts";
import { DrmGuardError } from "../errors.ts";
import type { CheckpointArchive } from "../loops/work.ts";
import { differencesOf } from "./differences.ts";

/** Everything that a scan's course depends on; plain JSON. */
export type ScanConfiguration = Readonly<Record<string, unknown>>;

/** Long work on a model: a repair is saved as a scan is. Of a reference only what came of its scan is kept. */
type WorkKind = "scan" | "repair" | "reference";

const keyLength = 12;

/** What a saved scan is called: by its model, and by everything else. */
export async function runKeyOf(
  kind: WorkKind,
  version: string,
  modelSha256: string,
  configuration: ScanConfiguration,
): Promise<string> {
  const text = JSON.stringify([version, configuration]);
  const rest = await sha256(new TextEncoder().encode(text));
  return `${modelPrefix(kind, modelSha256)}${rest.slice(0, keyLength)}`;
}

const modelPrefix = (kind: WorkKind, modelSha256: string): string =>
  `${kind}-${modelSha256.slice(0, keyLength)}-`;
const about = "-about";

/**
 * Opens the place where a scan is saved.
 *
 * Throws E_RESUME when `resume` is set and only states of other configurations are there; it names what differs.
 *
 * @param version of the tool: another one may go another way
 * @param resume whether to go on from a saved state; otherwise an old one is removed
 * @param kind what is saved
 * @returns the key of the run, and whether there is something to go on from
 */
export async function openSavedScan(
  store: CheckpointArchive,
  version: string,
  modelSha256: string,
  configuration: ScanConfiguration,
  resume: boolean,
  kind: WorkKind = "scan",
): Promise<{ runKey: string; isResumed: boolean }> {
  const runKey = await runKeyOf(kind, version, modelSha256, configuration);
  const known = await store.load(runKey + about);
  if (resume && known === null) await assertNoOther(store, kind, modelSha256, configuration);
  if (!resume) await store.remove(runKey);
  await store.save(runKey + about, { arrays: {}, json: configuration });
  return { runKey, isResumed: resume && known !== null };
}

async function assertNoOther(
  store: CheckpointArchive,
  kind: WorkKind,
  modelSha256: string,
  configuration: ScanConfiguration,
): Promise<void> {
  const others = (await store.keys(modelPrefix(kind, modelSha256))).filter((key) => key.endsWith(about));
  for (const key of others) {
    const other = await store.load(key);
    if (other === null) continue;
    const differences = differencesOf(other.json as ScanConfiguration, configuration);
    throw new DrmGuardError(
      "E_RESUME",
      `found a saved ${kind} of this model with ${differences || "another version of drmguard"}`,
      { hint: `repeat the options of that ${kind}, or leave --resume out to start over` },
    );
  }
}
