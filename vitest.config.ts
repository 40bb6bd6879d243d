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

/** Files that take half a minute each, most of them in a browser: `npm run test:slow`. */
export const slowTests = "test/**/*.slow.test.ts";

const config: ViteUserConfig = defineConfig({
  test: {
    ...shared,
    include: ["src/**/*.test.ts", "test/**/*.test.ts"],
    exclude: [slowTests, "node_modules/**"],
  },
});
export default config;
