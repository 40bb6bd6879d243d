import { readdirSync } from "node:fs";
import { expect, test } from "vitest";
import { newFolder, runCli } from "../support/cli.ts";

test.each([
  ["an experiment that there is not", ["table99"], 'found "table99", expected one of table1, '],
  ["a profile of real data without any", ["table1", "--profile", "paper"], "expected --gaze PATH"],
  [
    "data that are not there",
    ["table1", "--tasks", "gaze", "--gaze", "none"],
    "cannot read the data set at none",
  ],
  ["a task that there is not", ["table1", "--tasks", "age"], "expected one of gaze, head-pose"],
  [
    "an option without its method",
    ["table2", "--scan-set", "steps=1"],
    "expected a method before it: paper.NAME",
  ],
  [
    "an option that the method does not have",
    ["table2", "--scan-set", "paper.stps=1"],
    'found option "stps"',
  ],
  [
    "a number out of its range",
    ["table2", "--scan-set", "contrast.steps=-1"],
    "found steps = -1, expected a whole number",
  ],
  ["a word that there is not", ["table2", "--scan-set", "contrast.families=foo"], "foo"],
  ["an architecture that there is not", ["table2", "--arch", "vgg"], "expected one of resnet18"],
  ["a width of nothing", ["table2", "--width", "0"], '--width: found "0"'],
  [
    "a network for a table of networks",
    ["table12", "--arch", "resnet34"],
    "found a network for table12, expected none: it compares all of them",
  ],
  ["seeds that are none", ["table1", "--seeds", "1,x"], "expected a whole number"],
])("%s is refused, and nothing is left", async (_, args, message) => {
  const cwd = newFolder();
  const run = await runCli(["experiment", ...args], { cwd });
  expect(run).toMatchObject({ code: 4, stdout: "" });
  expect(run.stderr).toContain(message);
  expect(run.stderr).not.toMatch(/^\s+at /m);
  expect(readdirSync(cwd)).toEqual([]);
});
