import { defineConfig, type ViteUserConfig } from "vitest/config";

/** System tests: real kernel, real peers, one file at a time. */
const config: ViteUserConfig = defineConfig({
  resolve: { conditions: ["rt-source"] },
  ssr: { resolve: { conditions: ["rt-source"] } },
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: [`${import.meta.dirname}/docker_cgroups.ts`],
    passWithNoTests: true,
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 120_000,
    reporters: ["default", ["json", { outputFile: "test-results/system.json" }]],
  },
});

export default config;
