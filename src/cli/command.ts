/** What every command shares: settings from all sources, interrupts, errors. */
import {
  defaultConfigFile,
  type GivenFlags,
  parseTexts,
  type ResolvedText,
  readConfigFile,
  resolveTexts,
  type SettingTable,
  type SettingValues,
  variableOf,
} from "./resolve.ts";
import { configNames } from "./tables/config-names.ts";

/**
 * The values of a command's settings.
 *
 * Throws E_USAGE and E_CONFIG as {@link parseTexts} and {@link readConfigFile} do.
 */
export function settingsOf<T extends SettingTable>(
  table: T,
  flags: GivenFlags,
): { values: SettingValues<T>; texts: Map<string, ResolvedText> } {
  const configPath =
    typeof flags.config === "string" ? flags.config : (process.env[variableOf("config")] ?? null);
  const file = "config" in table ? readConfigFile(configPath, configNames) : {};
  const texts = resolveTexts(table, flags, process.env, file, configPath ?? defaultConfigFile);
  return { values: parseTexts(table, texts), texts };
}

/** Runs work that an interrupt stops: the first asks it to save and end, the second ends the process at once. */
export async function withInterrupt<T>(
  say: (line: string) => void,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const onSignal = (): void => {
    if (controller.signal.aborted) process.exit(130);
    say("interrupted: saving the state (once more to stop at once)");
    controller.abort();
  };
  process.on("SIGINT", onSignal);
  process.on("SIGTERM", onSignal);
  try {
    return await work(controller.signal);
  } finally {
    process.off("SIGINT", onSignal);
    process.off("SIGTERM", onSignal);
  }
}
