import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { childVariables } from "../../src/jobs/child-variables.ts";

describe("variables of a child", () => {
  test("are those that it needs, and none that are not set", () => {
    const own = { PATH: "/bin", HOME: undefined, DRMGUARD_SEED: "3", SECRET: "x" };
    expect(childVariables(own, "darwin")).toEqual({ PATH: "/bin" });
    expect(Object.keys(childVariables(own, "linux"))).toEqual(["PATH", "GLIBC_TUNABLES"]);
  });

  test("leave settings of the C library as they are where there are some", () => {
    const own = { GLIBC_TUNABLES: "glibc.malloc.check=1" };
    expect(childVariables(own, "linux")).toEqual(own);
  });
});

interface Glibc {
  readonly header: { readonly glibcVersionRuntime?: string };
}
const { glibcVersionRuntime = "0.0" } = (process.report.getReport() as unknown as Glibc).header;
const [major, minor] = glibcVersionRuntime.split(".").map(Number) as [number, number];
/** The first version with the setting is 2.35, and systems without large pages, or with them for all, have nothing to show. */
const isAsked =
  process.platform === "linux" &&
  (major > 2 || (major === 2 && minor >= 35)) &&
  isMadvised("/sys/kernel/mm/transparent_hugepage/enabled");

/** Makes and drops arrays of 64 MB, and prints how many pages were made for them. */
const program = `
  for (let i = 0; i < 20; i++) { new Float32Array(2 ** 24).fill(i); gc(); }
  console.log(process.resourceUsage().minorPageFault);
`;

async function pagesWith(env: Record<string, string>): Promise<number> {
  const { stdout } = await promisify(execFile)(process.execPath, ["--expose-gc", "-e", program], { env });
  return Number(stdout);
}

test.skipIf(!isAsked)("large arrays are made of large pages", async () => {
  const { GLIBC_TUNABLES: _, ...before } = process.env;
  // Twenty arrays have 2^14 small pages each.
  expect(await pagesWith(childVariables(before, "linux"))).toBeLessThan(5 * 2 ** 14);
});

function isMadvised(path: string): boolean {
  return existsSync(path) && readFileSync(path, "utf8").includes("[madvise]");
}
