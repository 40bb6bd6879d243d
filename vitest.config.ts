import { defineConfig, type ViteUserConfig } from "vitest/config";

/** What fast and slow tests share. Forks, not threads: ONNX Runtime aborts the whole process when a thread that runs it is stopped. */
export const shared = {
  pool: "forks" as const,
  maxWorkers: 2,
  globalSetup: ["test/support/temporary-folder.ts"],
  setupFiles: ["test/support/property-seed.ts"],
  testTimeout: 120_000,
  hookTimeout: 120_000,
} satisfies ViteUserConfig["test"];

/** Files that take half a minute each: in a browser, whole trainings and experiments: `npm run test:slow`. */
export const slowTests = "test/**/*.slow.test.ts";

/** Files that put something in the place of a module, which others must not find there. */
const mockedTests = "test/**/*.mocked.test.ts";

const config: ViteUserConfig = defineConfig({
  test: {
    projects: [
      {
        test: {
          ...shared,
          name: "shared",
          // Files share two processes, one after the other: compiled once, the same code runs twice as fast, and nothing in it keeps state.
          isolate: false,
          include: ["src/**/*.test.ts", "test/**/*.test.ts"],
          exclude: [slowTests, mockedTests, "node_modules/**"],
        },
      },
      { test: { ...shared, name: "mocked", include: [mockedTests] } },
    ],
  },
});
export default config;
