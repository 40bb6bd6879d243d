/** Flags from tables. */
import { type Command, Option } from "commander";
import type { SettingTable } from "./resolve.ts";

/**
 * Adds the flags of a table to a command.
 *
 * @param command the command
 * @param table its settings
 */
export function addSettings(command: Command, table: SettingTable): Command {
  for (const setting of Object.values(table)) {
    const suffix = setting.fallback === undefined ? "" : ` (default: ${setting.fallback})`;
    const option = new Option(setting.flags, setting.help + suffix);
    if (setting.isRepeatable) {
      option.argParser((text: string, before: string[] | undefined) => [...(before ?? []), text]);
    }
    command.addOption(option);
  }
  return command;
}
