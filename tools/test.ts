/** Runs the tests and ends with a plain line that says how many passed and failed. Arguments go to vitest. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";

interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numFailedTestSuites: number;
  readonly testResults: readonly { readonly status: string; readonly assertionResults: readonly unknown[] }[];
}

const folder = mkdtempSync(join(tmpdir(), "drmguard-test-"));
const reportFile = join(folder, "report.json");
const manifest = createRequire(import.meta.url).resolve("vitest/package.json");
const { status } = spawnSync(
  process.execPath,
  [
    join(manifest, "..", "vitest.mjs"),
    "run",
    "--reporter=default",
    "--reporter=json",
    `--outputFile.json=${reportFile}`,
    ...process.argv.slice(2),
  ],
  { cwd: new URL("..", import.meta.url), stdio: "inherit" },
);
const report = JSON.parse(readFileSync(reportFile, "utf8")) as Report;
rmSync(folder, { recursive: true });
// A file that cannot be loaded has no tests that could fail; it counts as one.
const brokenFiles = report.testResults.filter(
  ({ status: result, assertionResults }) => result === "failed" && assertionResults.length === 0,
).length;
const skipped = report.numPendingTests > 0 ? `, ${report.numPendingTests} skipped` : "";
const label = process.argv.includes("--config") ? "slow tests: " : "";
console.log(
  `${label}${report.numPassedTests} passed, ${report.numFailedTests + brokenFiles} failed${skipped}`,
);
process.exit(status ?? 1);
