/** Which tests there are, and how long each kind may take. Two workers: that many cores is what we promise to run well on. */
import { defineConfig } from "vitest/config";

const seconds = 1000;

// vitest wants a default export.
// biome-ignore lint/style/noDefaultExport: see above
export default defineConfig({
  test: {
    maxWorkers: 2,
    reporters: process.env.CI ? ["default", "github-actions"] : ["default"],
    projects: [
      { test: { name: "unit", include: ["test/*.test.ts", "test/unit/**/*.test.ts"], testTimeout: 30 * seconds } },
      {
        test: {
          name: "commands",
          include: ["test/commands/**/*.test.ts"],
          testTimeout: 60 * seconds,
          hookTimeout: 60 * seconds,
        },
      },
      {
        test: {
          name: "contract",
          include: ["test/contract/**/*.test.ts"],
          testTimeout: 60 * seconds,
          hookTimeout: 60 * seconds,
        },
      },
      {
        test: {
          name: "parity",
          include: ["test/parity/**/*.test.ts"],
          testTimeout: 120 * seconds,
          hookTimeout: 60 * seconds,
        },
      },
      {
        test: {
          name: "terminal",
          include: ["test/terminal/**/*.test.ts"],
          testTimeout: 60 * seconds,
          hookTimeout: 60 * seconds,
        },
      },
      {
        test: {
          name: "artifact",
          include: ["test/artifact/**/*.test.ts"],
          testTimeout: 60 * seconds,
          hookTimeout: 60 * seconds,
        },
      },
    ],
  },
});
