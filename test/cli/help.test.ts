/** Help has what is loaded when it is asked for alone. */
import { expect, test } from "vitest";
import { commandGroups, commandRows } from "../../src/cli/commands.ts";
import { flagOf } from "../../src/cli/resolve.ts";
import { runCli } from "../support/cli.ts";

const helpOf = async (...args: string[]): Promise<string> => {
  const { code, stdout, stderr } = await runCli(args);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  // Lines end where the terminal does.
  return stdout.replaceAll(/\s+/g, " ");
};

test("names all commands and exit codes, without any flags of theirs", async () => {
  const help = await helpOf("--help");
  const names = commandRows.map(({ name }) => name.split(" ")[0]!);
  for (const name of [...names, ...Object.keys(commandGroups)]) expect(help).toContain(` ${name} `);
  expect(help).toContain("Exit codes: 0 benign");
  expect(help).not.toContain("--benign");
});

test.each([
  ["scan", ["scan", "--help"]],
  ["repair", ["help", "repair"]],
  ["data inspect", ["data", "inspect", "--help"]],
  ["data render", ["data", "help", "render"]],
])("of %s has all of its flags", async (name, args) => {
  const help = await helpOf(...args);
  const row = commandRows.find((each) => each.name === name)!;
  expect(help).toContain(row.description);
  for (const argument of Object.keys(row.given ?? {})) expect(help).toContain(`<${argument}>`);
  const settings = Object.keys(await row.table!());
  expect(settings.length).toBeGreaterThan(3);
  for (const setting of settings) expect(help).toContain(flagOf(setting));
});

test("of a flag that a command does not have there is none, also where another has it", async () => {
  const { code, stderr } = await runCli(["schema", "--benign", "x"]);
  expect(code).toBe(4);
  expect(stderr).toContain("unknown option '--benign'");
});
