import { defineConfig } from "vitest/config";
import { counts } from "./vitest-counts.ts";

const ENGINE_TESTS = "test/**/*.engine.test.ts";

export default defineConfig({
  test: {
    reporters: ["default", counts],
    projects: [
      {
        test: {
          name: "unit",
          include: ["test/**/*.test.ts"],
          exclude: [ENGINE_TESTS],
          // All cores: by itself vitest leaves one free, which is half of two.
          maxWorkers: "100%",
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: "engine",
          include: [ENGINE_TESTS],
          globalSetup: ["test/support/global-setup.ts"],
          // Each engine has one suite at a time (test/support/hosts.ts): some of them wait.
          maxWorkers: 3,
          sequence: { groupOrder: 1 },
          testTimeout: 600_000,
          hookTimeout: 600_000,
        },
      },
    ],
  },
});
