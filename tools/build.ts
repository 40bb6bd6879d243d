/** Builds dist/: with tsc one JavaScript file for each source file, with declarations and source maps; with Vite the page. */
import { spawnSync } from "node:child_process";
import { chmodSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { build } from "vite";

const root = new URL("..", import.meta.url);
// A file whose source is gone must not linger in the package.
rmSync(new URL("dist", root), { recursive: true, force: true });
const tsc = createRequire(import.meta.url).resolve("typescript/bin/tsc");
const { status } = spawnSync(process.execPath, [tsc, "-p", "tsconfig.build.json"], {
  cwd: root,
  stdio: "inherit",
});
if (status !== 0) process.exit(status ?? 1);
chmodSync(new URL("dist/cli/main.js", root), 0o755);
await build({ configFile: fileURLToPath(new URL("web/vite.config.ts", root)), logLevel: "warn" });
