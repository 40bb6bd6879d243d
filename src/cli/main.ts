#!/usr/bin/env node
/** The command line. */
import { Command, CommanderError } from "commander";
import pc from "picocolors";
import { DrmGuardError, messageOf } from "../errors.ts";
import { version } from "../jobs/version.ts";
import { addSettings } from "./add-settings.ts";
import { type CommandRow, commandGroups, commandRows } from "./commands.ts";
import { exitCodeOf, unusable } from "./exit-codes.ts";

const exitHelp = `
Exit codes: 0 benign (or check passed, or repaired), 1 backdoored, 2 failed while scanning, or a repair that failed, 3 inconclusive,
4 wrong usage or a model that cannot be scanned, 130 interrupted with the state saved.
Of diff: 0 the same verdict, 1 another one, 3 the same of scans that cannot be compared, 4 no two results.`;

/** Runs the command line and gives its exit code. */
async function main(args: readonly string[]): Promise<number> {
  let exitCode = 0;
  const program = new Command("drmguard")
    .description("Finds backdoors in deep regression models.")
    .version(version)
    .exitOverride()
    .configureOutput({ outputError: (text, write) => write(pc.red(text)) })
    .addHelpText("after", exitHelp);
  const groups = new Map([["", program]]);
  for (const row of commandRows) {
    const words = row.name.split(" ");
    const [word, group] = [words.at(-1)!, words.slice(0, -1).join(" ")];
    if (!groups.has(group)) groups.set(group, program.command(group).description(commandGroups[group]!));
    const command = groups.get(group)!.command(word).description(row.description);
    for (const [name, help] of Object.entries(row.given ?? {})) command.argument(`<${name}>`, help);
    if (args.includes(word)) await addLoaded(command, row);
    command.action(async (...values: unknown[]) => {
      const given = values.slice(0, command.registeredArguments.length) as string[];
      exitCode = await row.run(command.opts(), ...given);
    });
  }
  await program.parseAsync(args, { from: "user" });
  return exitCode;
}

/** Adds to a command what is loaded for it; one that is not named among the arguments is neither run nor shown with its flags. */
async function addLoaded(command: Command, { table, help }: CommandRow): Promise<void> {
  if (table !== undefined) addSettings(command, await table());
  if (help !== undefined) command.addHelpText("after", await help());
}

/** Says what went wrong; only what nobody foresaw gets a stack. */
function reportError(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : unusable;
  const known = error instanceof DrmGuardError ? error : null;
  const code = known?.code ?? "E_INTERNAL";
  process.stderr.write(`${pc.red("error:")} ${messageOf(error)} [${code}]\n`);
  if (known?.hint !== undefined) process.stderr.write(`${pc.dim(known.hint)}\n`);
  if (code === "E_INTERNAL" && error instanceof Error) process.stderr.write(`${error.stack}\n`);
  return exitCodeOf(code);
}

process.exitCode = await main(process.argv.slice(2)).catch(reportError);
