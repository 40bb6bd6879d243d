/** The licences of what is bundled into the page, in a file beside it. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Plugin } from "vite";

interface PackageFile {
  readonly name?: string;
  readonly version?: string;
  readonly license?: string;
}

/** Collects packages by the modules that get into the bundles, and writes the file. */
export interface LicenseFile {
  /** For a bundle of which the packages are collected. */
  readonly collect: () => Plugin;
  /** For the bundle that comes last. */
  readonly write: () => Plugin;
}

/**
 * @param fileName of the file beside the page
 * @param copied folders of packages whose files are copied and not bundled
 */
export function licenseFile(fileName: string, copied: readonly string[]): LicenseFile {
  const folders = new Set<string>(copied);
  const collect = (): Plugin => ({
    name: "collect-licenses",
    generateBundle(_, bundle) {
      for (const chunk of Object.values(bundle)) {
        const modules = chunk.type === "chunk" ? Object.keys(chunk.modules) : [];
        for (const module of modules) {
          if (module.includes("node_modules")) folders.add(packageFolderOf(module));
        }
      }
    },
  });
  return {
    collect,
    write: () => ({
      ...collect(),
      name: "write-licenses",
      apply: "build",
      writeBundle({ dir }) {
        // One package may be reached by several paths.
        const texts = [...new Set([...folders].map(licenseOf))].sort();
        writeFileSync(join(dir!, fileName), `Bundled into this page:\n\n${texts.join("\n")}`);
      },
    }),
  };
}

/** The folder of the package that a module belongs to: the first above it whose package.json has a name and a version. */
function packageFolderOf(module: string): string {
  let folder = dirname(module.replaceAll("\0", ""));
  for (;;) {
    const file = join(folder, "package.json");
    if (existsSync(file) && readPackage(folder).version !== undefined) return folder;
    if (dirname(folder) === folder) throw new Error(`found no package of ${module}`);
    folder = dirname(folder);
  }
}

function readPackage(folder: string): PackageFile {
  return JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as PackageFile;
}

function licenseOf(folder: string): string {
  const { name, version, license } = readPackage(folder);
  const file = readdirSync(folder).find((each) => /^licen[cs]e(\.(md|txt))?$/i.test(each));
  const text = file === undefined ? "" : `\n${readFileSync(join(folder, file), "utf8").trim()}\n`;
  return `## ${name} ${version}, ${license ?? "no licence named"}\n${text}`;
}
