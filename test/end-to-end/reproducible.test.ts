import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bundleSucceeds } from "./support/bundle-command.ts";
import { type ConnectedSide, connectedSide } from "./support/connected-side.ts";

const SEVERAL_CHUNKS = 20 * 1024 * 1024;

interface Run {
  readonly models: string;
  readonly umask: string;
  readonly env: Readonly<Record<string, string>>;
  readonly source: (side: ConnectedSide) => readonly string[];
}

const fromRegistry = ({ registry }: ConnectedSide) => ["--model-registry", registry.url];
const fromStore = ({ store }: ConnectedSide) => ["--from-store", store];

const reference: Run = {
  models: "tiny,tiny:second,big",
  umask: "022",
  env: { TZ: "UTC" },
  source: fromRegistry,
};

describe("two creates of the same content", () => {
  let side: ConnectedSide;
  let expected: Buffer;
  beforeAll(async () => {
    side = await connectedSide([{ name: "big", size: SEVERAL_CHUNKS }]);
    expected = await create(side, "reference", reference);
  });
  afterAll(() => side[Symbol.asyncDispose]());

  test.each<[string, Run]>([
    ["another directory and staging volume", reference],
    ["another umask", { ...reference, umask: "077" }],
    ["another time zone", { ...reference, env: { TZ: "Pacific/Chatham" } }],
    ["another language", { ...reference, env: { LANG: "tr_TR.UTF-8", LC_ALL: "tr_TR.UTF-8" } }],
    ["another order of the models", { ...reference, models: "big,tiny:second,tiny,tiny" }],
    ["a store in place of the registry", { ...reference, source: fromStore }],
  ])("give the same bytes with %s", async (what, run) => {
    const bytes = await create(side, what.replaceAll(" ", "-"), run);
    expect(bytes.equals(expected), "the same bytes").toBe(true);
  });

  test("give other bytes for other content", async () => {
    const bytes = await create(side, "other", { ...reference, models: "tiny,big" });
    expect(bytes.equals(expected)).toBe(false);
  });
});

async function create(side: ConnectedSide, directory: string, run: Run): Promise<Buffer> {
  const home = await side.directory(directory);
  const { umask, env } = run;
  const what = ["--models", run.models, "--image", "none", "--name", "same"];
  await bundleSucceeds(["create", ...what, ...run.source(side)], { home, umask, env });
  return readFile(join(home, "bundle.tar.gz"));
}
