import { defineConfig, type ViteUserConfig } from "vitest/config";

/** Unit tests: beside the source, no root, fakes of host/. */
const config: ViteUserConfig = defineConfig({
  resolve: { conditions: ["rt-source"] },
  ssr: { resolve: { conditions: ["rt-source"] } },
  test: {
    include: ["src/**/*.test.ts"],
    passWithNoTests: true,
    testTimeout: 20_000,
    reporters: ["default", ["json", { outputFile: "test-results/unit.json" }]],
  },
});

export default config;
