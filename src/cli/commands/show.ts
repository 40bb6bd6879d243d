/** Commands that only show something: `list`, `schema`, `config`, `doctor`. */
import { cpus, totalmem } from "node:os";
import { plannedDefaults } from "../../attacks/plan.ts";
import { contrastPresets } from "../../identification/contrast/options.ts";
import {
  type MethodName,
  type MethodOptions,
  methodNames,
  methodOptions,
} from "../../identification/methods.ts";
import { classificationOptions } from "../../identification/paper/classification-options.ts";
import { paperPresets } from "../../identification/paper/options.ts";
import { defaultMemoryLimit } from "../../jobs/memory.ts";
import { version } from "../../jobs/version.ts";
import { mitigationNames, mitigationOptions } from "../../mitigation/methods.ts";
import { trainingRecipes } from "../../training/options.ts";
import { attackNames, optionNames } from "../attack-settings.ts";
import { settingsOf } from "../command.ts";
import { print } from "../output.ts";
import type { GivenFlags } from "../resolve.ts";
import { diffFormats } from "../tables/diff.ts";
import { scanTable } from "../tables/scan.ts";
import { resultFormats } from "../tables/shared.ts";

/** Prints the methods and attacks, their options and the values that these have. */
export async function list(): Promise<number> {
  const methodTables = methodNames.flatMap((name) => [
    `\n${name} (--method ${name}${methodColumns[name].note}), each option with --set name=value:\n`,
    textTable(optionTable(methodColumns[name].columns, methodOptions[name])),
  ]);
  const attackRows = attackNames.flatMap((attack) =>
    optionNames(plannedDefaults[attack]).map((name) => [
      `${attack}.${name}`,
      String(optionAt(plannedDefaults[attack], name)),
    ]),
  );
  const recipeRows = Object.entries(trainingRecipes).map(([name, { steps, batch, schedule }]) => [
    name,
    String(steps),
    String(batch),
    "warmUp" in schedule
      ? `rises to ${schedule.rate}, then falls along a cosine`
      : `${schedule.rate}, x ${schedule.factor} at ${schedule.milestones.join(", ") || "no step"}`,
  ]);
  await print(
    [
      `identification methods: ${methodNames.join(", ")}\n`,
      ...methodTables,
      ...mitigationNames.flatMap((name) => [
        `\n${name} (drmguard repair --method ${name}), each option with --set name=value:\n`,
        textTable([
          ["option", "default"],
          ...Object.entries(mitigationOptions[name]).map(([option, value]) => [option, String(value)]),
        ]),
      ]),
      `\nattacks (drmguard train --attack): ${attackNames.join(", ")}\n`,
      "each option with --attack-set name=value; lists as 0.1:0.2:0.3:\n",
      textTable([["option", "default"], ...attackRows]),
      "\nrecipes (drmguard train --recipe):\n",
      textTable([["recipe", "steps", "batch", "learning rate"], ...recipeRows]),
      `\nformats of results (drmguard scan --format, drmguard report --format): ${resultFormats.join(", ")}`,
      `formats of comparisons (drmguard diff --format): ${diffFormats.join(", ")}`,
      "",
    ].join("\n"),
  );
  return 0;
}

/** What stands beside each other in the table of a method's options: presets, or its defaults alone. */
const methodColumns: Readonly<
  Record<MethodName, { readonly note: string; readonly columns: Readonly<Record<string, object>> }>
> = {
  paper: {
    note: ", by --preset, the last by --task",
    columns: { ...paperPresets, classification: classificationOptions },
  },
  contrast: { note: ", by --preset", columns: contrastPresets },
  "neural-cleanse": { note: "", columns: { default: methodOptions["neural-cleanse"].defaults } },
  "feature-re": { note: "", columns: { default: methodOptions["feature-re"].defaults } },
};

/** Each option of a method: its name, its value in each column, and what it may be. */
function optionTable(
  columns: Readonly<Record<string, object>>,
  { defaults, choices }: MethodOptions,
): string[][] {
  const shown = (value: unknown): string => {
    if (Array.isArray(value)) return value.join(":");
    return typeof value === "number" ? String(Number(value.toPrecision(6))) : String(value);
  };
  const rows = Object.entries(defaults).map(([name, value]) => {
    const words = choices[name];
    const values = Object.values(columns).map((options) => shown((options as Record<string, unknown>)[name]));
    if (words === undefined) return [name, ...values, "number"];
    return [name, ...values, Array.isArray(value) ? `some of ${words.join(" : ")}` : words.join(" | ")];
  });
  return [["option", ...Object.keys(columns), "values"], ...rows];
}

function textTable(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, i) => Math.max(...rows.map((each) => each[i]!.length)));
  return rows
    .map((each) =>
      each
        .map((cell, i) => cell.padEnd(widths[i]!))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

/** The value at a path such as `mask.steps`. */
function optionAt(options: object, path: string): unknown {
  return path.split(".").reduce<unknown>((at, name) => (at as Record<string, unknown>)[name], options);
}

/** Prints the JSON Schema of result.json. */
export async function schema(): Promise<number> {
  const { resultJsonSchema } = await import("../../report/result.ts");
  await print(`${JSON.stringify(resultJsonSchema(), null, 2)}\n`);
  return 0;
}

/** Prints the settings that a scan would have, and where each comes from. */
export async function config(flags: GivenFlags): Promise<number> {
  const { texts } = settingsOf(scanTable, flags);
  const entries = [...texts].map(([name, { text, source }]) => [name, { value: text, from: source }]);
  await print(`${JSON.stringify(Object.fromEntries(entries), null, 2)}\n`);
  return 0;
}

/** Prints what this machine offers. */
export async function doctor(): Promise<number> {
  const { nodeRuntime, availableProviders } = await import("../../runtime/node.ts");
  const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(1)} GB`;
  const rows: [string, string][] = [
    ["drmguard", version],
    ["node", `${process.version}, ${process.platform} ${process.arch}`],
    ["runtime", nodeRuntime().name],
    ["providers", availableProviders().join(", ")],
    ["processor", `${cpus()[0]?.model ?? "unknown"}, ${cpus().length} threads`],
    [
      "memory",
      `${gigabytes(totalmem())}, ${gigabytes(process.availableMemory())} free, default limit ${gigabytes(defaultMemoryLimit())}`,
    ],
    ["cache", scanTable.cacheDir.fallback],
  ];
  await print(`${rows.map(([what, value]) => `${what.padEnd(10)} ${value}`).join("\n")}\n`);
  return 0;
}
