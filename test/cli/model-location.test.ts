import { mkdirSync, mkdtempSync, realpathSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { beforeAll, expect, test } from "vitest";
import { modelLocation } from "../../src/cli/model-location.ts";

/** A folder without links above it. */
let home: string;
let repository: string;

beforeAll(() => {
  home = realpathSync(mkdtempSync(join(tmpdir(), "drmguard-location-")));
  repository = join(home, "repository");
  for (const folder of [".git", "models/deep", "other"])
    mkdirSync(join(repository, folder), { recursive: true });
  for (const name of ["models/a.onnx", "models/deep/50% of #1?.onnx"])
    writeFileSync(join(repository, name), "");
  writeFileSync(join(home, "outside.onnx"), "");
  symlinkSync("a.onnx", join(repository, "models/link.onnx"));
  symlinkSync(join(home, "outside.onnx"), join(repository, "models/out.onnx"));
  // A work tree has a file in place of the folder.
  mkdirSync(join(home, "tree"));
  writeFileSync(join(home, "tree/.git"), "gitdir: elsewhere\n");
  writeFileSync(join(home, "tree/b.onnx"), "");
});

const relative = (uri: string) => ({ uri, isRelative: true });

test.each([
  ["from the root", "", "models/a.onnx", "models/a.onnx"],
  ["from a folder inside", "models", "a.onnx", "models/a.onnx"],
  ["from a folder beside", "other", "../models/a.onnx", "models/a.onnx"],
  [
    "with characters that URIs escape",
    "",
    "models/deep/50% of #1?.onnx",
    "models/deep/50%25%20of%20%231%3F.onnx",
  ],
  ["behind a link", "", "models/link.onnx", "models/a.onnx"],
  ["behind a link out of the repository", "", "models/out.onnx", "models/out.onnx"],
  ["that is not there any more", "models", "gone.onnx", "models/gone.onnx"],
])("a model %s has its path in the repository", (_, folder, path, uri) => {
  expect(modelLocation(path, join(repository, folder))).toEqual(relative(uri));
  expect(modelLocation(join(repository, folder, path), home)).toEqual(relative(uri));
});

test("a work tree is a repository", () => {
  expect(modelLocation("tree/b.onnx", home)).toEqual(relative("b.onnx"));
});

test("without a repository paths are from the current folder", () => {
  expect(modelLocation("outside.onnx", home)).toEqual(relative("outside.onnx"));
  expect(modelLocation("repo\ud800.onnx", home)).toEqual(relative("repo%EF%BF%BD.onnx"));
});

test("a file outside of both has an absolute URI", () => {
  expect(modelLocation("../outside.onnx", repository)).toEqual({
    uri: pathToFileURL(join(home, "outside.onnx")).href,
    isRelative: false,
  });
});
