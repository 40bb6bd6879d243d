/** What jobs do when nothing else is said. */
import { availableParallelism, homedir } from "node:os";
import { join } from "node:path";
import type { MethodName } from "../identification/methods.ts";

/** Where the system keeps what can be made again. */
function cacheFolder(): string {
  const { XDG_CACHE_HOME, LOCALAPPDATA } = process.env;
  if (XDG_CACHE_HOME) return join(XDG_CACHE_HOME, "drmguard");
  if (process.platform === "win32") return join(LOCALAPPDATA ?? homedir(), "drmguard", "cache");
  if (process.platform === "darwin") return join(homedir(), "Library", "Caches", "drmguard");
  return join(homedir(), ".cache", "drmguard");
}

/** Defaults of jobs. */
export const jobDefaults = {
  /** The paper's rule compares with a fixed epsilon, and on small images says nothing: docs/paper-method.md, docs/research-log.md. */
  method: "contrast" as MethodName,
  preset: "auto",
  provider: "cpu",
  seed: 0,
  /** All that the process may use; ONNX Runtime's own default does not see a container's limit. */
  threads: availableParallelism(),
  cache: cacheFolder(),
} as const;
