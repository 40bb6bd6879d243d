/** Commands that only show something: `list`, `schema`, `config`, `doctor`. */
import { cpus, totalmem } from "node:os";
import { paperChoices, paperPresets } from "../../identification/paper/options.ts";
import { defaultMemoryLimit } from "../../jobs/memory.ts";
import { version } from "../../jobs/version.ts";
import { settingsOf } from "../command.ts";
import { print } from "../output.ts";
import type { GivenFlags } from "../resolve.ts";
import { scanTable } from "../tables.ts";

/** Prints the methods, their options and each preset's values. */
export async function list(): Promise<number> {
  const presets = Object.entries(paperPresets);
  const names = Object.keys(paperPresets.gaze) as (keyof typeof paperPresets.gaze)[];
  const header = ["option", ...presets.map(([name]) => name), "values"];
  const rows = names.map((name) => [
    name,
    ...presets.map(([, options]) => String(options[name])),
    name in paperChoices ? paperChoices[name as keyof typeof paperChoices].join(" | ") : "number",
  ]);
  const widths = header.map((_, i) => Math.max(...[header, ...rows].map((row) => row[i]!.length)));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, i) => cell.padEnd(widths[i]!))
      .join("  ")
      .trimEnd();
  await print(
    `identification methods: paper\n\npaper, by preset (--preset), each option with --set name=value:\n\n${[header, ...rows].map(line).join("\n")}\n`,
  );
  return 0;
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
