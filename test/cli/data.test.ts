import { existsSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { expect, test } from "vitest";
import { newFolder, runCli, writeImages } from "../support/cli.ts";
import { datasetOf } from "../support/datasets.ts";

test("data inspect prints counts, ranges and what was skipped, and draws a contact sheet", async () => {
  const black = { width: 60, height: 30, colour: [0, 0, 0] as const };
  const root = await datasetOf({
    "0001/0001_2m_0P_10V_15H.jpg": black,
    "0001/0001_2m_0P_10V_-15H.jpg": black,
    "0002/0002_2m_0P_10V_0H.jpg": "no image",
    "0002/cover.jpg": black,
  });
  const cwd = newFolder();
  const { code, stdout, stderr } = await runCli(["data", "inspect", root, "--crop", "none"], { cwd });
  expect([code, stderr]).toEqual([0, "contact sheet: contact-sheet.png\n"]);
  const squeezed = stdout.replace(/ +/g, " ");
  for (const part of [
    "Columbia Gaze\n",
    "samples 3\n",
    "first image 30x60",
    "subjects 2 (0001, 0002) of 1 to 2 samples",
    "yaw -0.2618 to 0.2618, mean 0, deviation 0.2138 rad (-15.0 to 15.0 degrees)",
    "1: a name that tells no angles, such as 0002/cover.jpg",
    "warning: pitch is 0.17",
    "warning: 0002/0002_2m_0P_10V_0H.jpg cannot be decoded",
  ])
    expect(squeezed).toContain(part);
  // Three tiles of 144 px with captions. Files in order: -15H looks to the image's left, 15H to its right, both up.
  const { data, info } = await sharp(join(cwd, "contact-sheet.png"))
    .raw()
    .toBuffer({ resolveWithObject: true });
  expect([info.width, info.height]).toEqual([3 * 144, 144 + 18]);
  const greenAt = (x: number, y: number): boolean => data[(y * info.width + x) * info.channels + 1]! > 200;
  const [dx, dy] = [72 * Math.sin(Math.PI / 12) * Math.cos(Math.PI / 18), 72 * Math.sin(Math.PI / 18)].map(
    Math.round,
  );
  expect([greenAt(72 - dx!, 72 - dy!), greenAt(72 + dx!, 72 - dy!)]).toEqual([true, false]);
  expect([greenAt(216 - dx!, 72 - dy!), greenAt(216 + dx!, 72 - dy!)]).toEqual([false, true]);
});

test("data inspect as JSON, with the sheet elsewhere", async () => {
  const root = await writeImages(join(newFolder(), "images"), { count: 12 });
  const sheet = join(newFolder(), "new", "sheet.png");
  const args = ["data", "inspect", root, "--format", "json", "--output", sheet, "--angle-unit", "degrees"];
  const { code, stdout } = await runCli(args);
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({
    title: "folder with labels.csv",
    count: 12,
    labels: [
      { name: "yaw", unit: "radians" },
      { name: "pitch", unit: "radians" },
    ],
    imageSize: [8, 8],
    contactSheet: sheet,
  });
  expect(existsSync(sheet)).toBe(true);
});

test("data inspect refuses what it cannot use with exit code 4", async () => {
  const cwd = newFolder();
  const fails = async (args: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await runCli(["data", "inspect", ...args], { cwd });
    expect([code, stdout]).toEqual([4, ""]);
    expect(stderr).not.toContain("    at ");
    return stderr;
  };
  expect(await fails(["missing"])).toMatch(
    /error: cannot read the data set at missing: there is no such file or folder \[E_FILE\]/,
  );
  expect(await fails([await datasetOf({ "a.txt": "text" })])).toMatch(
    /found a\.txt in .*, expected a data set that is known \[E_IMAGES\]\nknown data sets[\s\S]*biwi-cropped/,
  );
  expect(await fails([cwd, "--kind", "imagenet"])).toMatch(
    /found "imagenet", expected one of heads, folder, mpiifacegaze/,
  );
  expect(await fails([cwd, "--output", "sheet.jpg"])).toMatch(/found sheet\.jpg, expected a \.png file/);
  expect(await fails([cwd, "--crop", "1,2"])).toMatch(/--crop: found "1,2", expected face, none, or/);
});
