/** `drmguard data render`: what it refuses before anything is rendered. */
import { expect, test } from "vitest";
import { render } from "../../src/cli/commands/render.ts";

test("without a folder for the images it is wrong usage", async () => {
  await expect(render({ quiet: true })).rejects.toMatchObject({ code: "E_USAGE" });
});

test.each([
  ["preset", "face"],
  ["count", "0"],
  ["size", "8"],
  ["format", "jpeg"],
])("%s %s is wrong usage", async (name, text) => {
  await expect(render({ quiet: true, output: "heads", [name]: text })).rejects.toMatchObject({
    code: "E_USAGE",
  });
});
