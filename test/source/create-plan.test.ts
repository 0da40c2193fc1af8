import { join } from "node:path";
import { expect, test } from "vitest";
import {
  type CreatePlan,
  type SpaceNeeded,
  assertEnoughSpace,
} from "../../src/source/create-plan.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

test("too little space on one file system is told for all that goes there, in their sum", async () => {
  await using directory = await temporaryDirectory();
  const bundle = { ...space("bundle", join(directory.path, "b.tar.gz")), needed: 1500 };
  const staging = { ...space("staging volume", join(directory.path, "staging")), needed: 1000 };
  await expect(assertEnoughSpace(planWith(bundle))).rejects.toMatchObject({
    code: "NO_SPACE",
    message: `Cannot create the bundle: the bundle "${bundle.path}" needs up to 1,500 bytes, and 1,200 are free`,
  });
  await expect(assertEnoughSpace(planWith(staging))).resolves.toBeUndefined();
  await expect(assertEnoughSpace(planWith(staging, bundle))).rejects.toMatchObject({
    message: `Cannot create the bundle: the staging volume "${staging.path}" and the bundle "${bundle.path}" need up to 2,500 bytes, and 1,200 are free`,
  });
});

function space(what: SpaceNeeded["what"], path: string) {
  return { what, path, free: 1200 };
}

function planWith(...entries: readonly SpaceNeeded[]): CreatePlan {
  const site = { memory: 0 };
  return {
    platform: "linux/amd64",
    name: "b",
    output: "b.tar.gz",
    items: [],
    toInstall: { models: 0 },
    files: 0,
    space: entries,
    site,
  };
}
