import { execFileSync } from "node:child_process";
import { Command } from "commander";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { addSettings } from "../../src/cli/add-settings.ts";
import { settingsOf } from "../../src/cli/command.ts";
import { scanTable } from "../../src/cli/tables/scan.ts";
import { contrastDefaults } from "../../src/identification/contrast/options.ts";
import { paperPresets } from "../../src/identification/paper/options.ts";
import { repeatCommand } from "../../src/report/repeat-command.ts";
import type { ScanResult } from "../../src/report/result.ts";
import { methodChanges } from "../../src/workflows/method-settings.ts";
import { contrastResultOf, resultOf } from "../support/result.ts";

/** The words that a shell makes of a command, without the first. */
function wordsOf(command: string): string[] {
  expect(command.startsWith("drmguard ")).toBe(true);
  const printed = execFileSync("sh", ["-c", command.replace("drmguard", "printf '%s\\0'")], {
    encoding: "utf8",
  });
  return printed.split("\0").slice(0, -1);
}

/** What the command line would do with a command. */
function parsed(command: string): {
  model: string;
  values: object;
} {
  const program = new Command().exitOverride().configureOutput({ writeErr: () => {} });
  let found: ReturnType<typeof parsed> | null = null;
  addSettings(program.command("scan").argument("<model>"), scanTable).action((model, flags) => {
    const { values } = settingsOf(scanTable, flags);
    found = { model, values: { ...values, set: methodChanges(values.method!, values.set ?? []) } };
  });
  program.parse(wordsOf(command), { from: "user" });
  return found!;
}

const contrastOptions = (changes: object): ScanResult["options"] => {
  const options = { ...contrastDefaults, ...changes };
  return { ...options, families: options.families.join(":") } as unknown as ScanResult["options"];
};

describe("the command that makes a result again", () => {
  test("has the result's model, images, method, seed and what differs from the defaults", () => {
    const options = contrastOptions({ families: ["warp", "additive"], steps: 77 });
    const { model, values } = parsed(repeatCommand(contrastResultOf({ seed: 9, options })));
    expect(model).toBe("gaze.onnx");
    expect(values).toMatchObject({
      benign: "images",
      method: "contrast",
      set: { families: ["warp", "additive"], steps: 77 },
      size: [64, 64],
      outputs: ["gaze"],
      seed: 9,
      threads: 2,
      provider: "cpu",
      mean: null,
      channels: null,
    });
  });

  test("names no option of a method that is at its default", () => {
    expect(repeatCommand(contrastResultOf({ options: contrastOptions({}) }))).not.toContain("--set");
    const options = { ...paperPresets.gaze, lambda1: 21 } as unknown as ScanResult["options"];
    const { values } = parsed(repeatCommand(resultOf({ options })));
    expect(values).toMatchObject({ method: "paper", preset: "gaze", set: { lambda1: 21 } });
  });

  test("has the preprocessing that is not the plain one", () => {
    const preprocessing: ScanResult["preprocessing"] = {
      scale: 255,
      mean: [-0.5, 1, 2],
      std: [3],
      layout: "nhwc",
      channels: "bgr",
    };
    const { values } = parsed(repeatCommand(resultOf({ options: {}, preprocessing })));
    expect(values).toMatchObject(preprocessing);
  });

  test("runs nothing else, whatever the names are", () => {
    const path = fc.string({
      unit: fc.constantFrom(..."'\"\\$`!;|&<>()*? ~#ab-/=é"),
      minLength: 1,
      maxLength: 12,
    });
    const { model, benign } = resultOf();
    fc.assert(
      fc.property(path, path, (a, b) => {
        const command = repeatCommand(
          resultOf({ options: {}, model: { ...model, path: a }, benign: { ...benign, path: b } }),
        );
        const [, first, , second] = wordsOf(command);
        expect([first, second]).toEqual([a, b].map((each) => (each.startsWith("-") ? `./${each}` : each)));
      }),
      { numRuns: 60 },
    );
  });

  test("is there for results of newer methods too", () => {
    expect(
      wordsOf(repeatCommand(resultOf({ method: "divination", preset: null, options: { cards: 78 } }))),
    ).toContain("cards=78");
  });
});
