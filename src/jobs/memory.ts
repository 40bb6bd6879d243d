/** How much memory there is, and how much a process takes. */
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";

/** The part of the available memory that a job may take when nothing else is said. */
const defaultShare = 0.8;

/** The default memory limit in bytes: most of what is available, within the limits of a container. */
export function defaultMemoryLimit(): number {
  return Math.floor(defaultShare * process.availableMemory());
}

/**
 * The resident memory of another process in bytes; null where the system does not say.
 *
 * @param pid its number
 */
export async function residentMemory(pid: number): Promise<number | null> {
  try {
    if (process.platform === "linux") {
      const status = await readFile(`/proc/${pid}/status`, "utf8");
      const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
      return kilobytes === undefined ? null : Number(kilobytes) * 1024;
    }
    if (process.platform === "win32") return null;
    const { stdout } = await promisify(execFile)("ps", ["-o", "rss=", "-p", String(pid)]);
    return Number(stdout.trim()) * 1024;
  } catch {
    // The process may be gone already; what became of it is reported elsewhere.
    return null;
  }
}
