import { expect, test } from "vitest";
import { describeInstallPlan } from "../../src/cli/describe-install.ts";
import type { InstallPlan } from "../../src/install/install-plan.ts";

const plan: InstallPlan = {
  bundle: { name: "site-a", id: "0123456789ab" },
  modelsIn: "image",
  platform: "linux/amd64",
  names: {},
  models: [],
  space: [],
  warnings: [],
};

test("the plan tells how much of an image the engine has already, and nothing where it has none of it", () => {
  const withLayers = (there: number) =>
    describeInstallPlan({ ...plan, layers: { size: 9.8e9, there } })
      .split("\n")
      .slice(1);
  expect(withLayers(4.1e9)).toEqual(["layers     4.1 GB of 9.8 GB are on the engine already"]);
  expect(withLayers(0)).toEqual([]);
});
