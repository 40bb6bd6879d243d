import { defineConfig, type ViteUserConfig } from "vitest/config";
import { shared, slowTests } from "./vitest.config.ts";

const config: ViteUserConfig = defineConfig({ test: { ...shared, include: [slowTests] } });
export default config;
