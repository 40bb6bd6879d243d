/** Gives tests, and the programs that they start, a folder of their own for temporary files, and removes it with all that they left. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Before the first test; what it returns is called after the last. */
export default function setup(): () => void {
  const folder = mkdtempSync(join(tmpdir(), "drmguard-tests-"));
  process.env.TMPDIR = folder;
  return () => rmSync(folder, { recursive: true, force: true });
}
