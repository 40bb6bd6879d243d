import { defineConfig, type ViteUserConfig } from "vitest/config";

// Forks, not threads: ONNX Runtime aborts the whole process when a thread that runs it is stopped.
const config: ViteUserConfig = defineConfig({
  test: {
    pool: "forks",
    maxWorkers: 2,
    include: ["src/**/*.test.ts", "test/**/*.test.ts"],
    setupFiles: ["test/support/property-seed.ts"],
    exclude: ["test/slow/**", "node_modules/**"],
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
export default config;
