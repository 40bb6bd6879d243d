import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { openRunFolder, runFiles } from "../../src/jobs/run-folder.ts";
import { errorOf } from "../support/errors.ts";
import { trainingReportOf } from "../support/training-report.ts";

const configuration = { version: "0.1.0", network: { width: 1 }, seed: 3 };
const saved = { arrays: { a: Float32Array.of(1) }, json: 1 };
let home: string;
let path: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "drmguard-run-"));
  path = join(home, "runs", "first");
});

test("a new folder is made, with what was asked for in it", async () => {
  const { finished, checkpoints } = await openRunFolder(path, configuration, false);
  expect(finished).toBeNull();
  expect(readdirSync(path)).toEqual(["configuration.json"]);
  expect(JSON.parse(readFileSync(join(path, "configuration.json"), "utf8"))).toEqual(configuration);
  await checkpoints.save("training", saved);
  expect(readdirSync(join(path, "checkpoints"))).toEqual(["training.checkpoint"]);
});

test("an empty folder is taken, and --resume of what was never begun begins it", async () => {
  mkdirSync(path, { recursive: true });
  expect((await openRunFolder(path, configuration, true)).finished).toBeNull();
});

test("a folder with other files is refused, and stays as it is", async () => {
  mkdirSync(path, { recursive: true });
  for (const name of ["d", "b", "c", "a"]) writeFileSync(join(path, name), "");
  for (const resume of [false, true]) {
    expect(await errorOf(() => openRunFolder(path, configuration, resume))).toMatchObject({
      code: "E_WRITE",
      message: expect.stringMatching(/^found \w, \w, \w in .*, expected an empty folder$/),
    });
  }
  expect(readdirSync(path).sort()).toEqual(["a", "b", "c", "d"]);
});

test("a run that is there is gone on with, when that is asked for", async () => {
  const first = await openRunFolder(path, configuration, false);
  await first.checkpoints.save("training", saved);
  expect(await errorOf(() => openRunFolder(path, configuration, false))).toMatchObject({
    code: "E_WRITE",
    message: `${path} holds a training already, expected an empty folder`,
    hint: "--resume goes on with it",
  });
  const again = await openRunFolder(path, structuredClone(configuration), true);
  expect(await again.checkpoints.load("training")).toEqual(saved);
});

test("a run of another configuration is not gone on with: what differs is named", async () => {
  await openRunFolder(path, configuration, false);
  const other = { ...configuration, network: { width: 0.5 }, seed: 4 };
  expect(await errorOf(() => openRunFolder(path, other, true))).toMatchObject({
    code: "E_RESUME",
    message: `${path} holds a training with network {"width":1} instead of {"width":0.5}, seed 3 instead of 4`,
  });
});

test("a finished run has its report, no checkpoints, and is not done again", async () => {
  const report = trainingReportOf();
  const first = await openRunFolder(path, configuration, false);
  await first.checkpoints.save("training", saved);
  await first.finish(report);
  expect(readdirSync(path).sort()).toEqual(["configuration.json", "run.json"]);
  expect((await openRunFolder(path, configuration, true)).finished).toEqual(report);
  expect((await errorOf(() => openRunFolder(path, configuration, false))).code).toBe("E_WRITE");
  expect((await errorOf(() => openRunFolder(path, { ...configuration, seed: 1 }, true))).code).toBe(
    "E_RESUME",
  );
});

test("files that are broken are named", async () => {
  await openRunFolder(path, configuration, false);
  writeFileSync(join(path, runFiles.report), '{"schemaVersion": "0.1"}');
  expect((await errorOf(() => openRunFolder(path, configuration, true))).code).toBe("E_RESULT");
  writeFileSync(join(path, runFiles.configuration), "{");
  const error = await errorOf(() => openRunFolder(path, configuration, true));
  expect(error).toMatchObject({ code: "E_FILE", message: expect.stringContaining("configuration.json") });
});

test("a file in the way is an error", async () => {
  mkdirSync(join(home, "runs"));
  writeFileSync(path, "");
  expect(await errorOf(() => openRunFolder(path, configuration, false))).toMatchObject({
    code: "E_WRITE",
    message: `cannot make the folder ${path}: a file is in the way`,
  });
  expect((await errorOf(() => openRunFolder(join(path, "below"), configuration, false))).code).toBe(
    "E_WRITE",
  );
});

test("an abandoned run leaves no folder, but nothing that can be gone on with is taken away", async () => {
  const failed = await openRunFolder(path, configuration, false);
  await failed.abandon();
  expect(existsSync(path)).toBe(false);
  // A folder of the user's own stays.
  mkdirSync(path);
  await (await openRunFolder(path, configuration, false)).abandon();
  expect(readdirSync(path)).toEqual([]);
  const begun = await openRunFolder(path, configuration, false);
  await begun.checkpoints.save("training", saved);
  await begun.abandon();
  expect(readdirSync(path).sort()).toEqual(["checkpoints", "configuration.json"]);
});

test("triggers are numbered from 1", () => {
  expect([0, 1].map(runFiles.trigger)).toEqual(["trigger-1.trigger", "trigger-2.trigger"]);
});
