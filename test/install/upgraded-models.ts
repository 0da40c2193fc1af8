import { join } from "node:path";
import { createBundle } from "../../src/create-bundle.ts";
import type { CreateOptions } from "../../src/create-options.ts";
import { parseModelName } from "../../src/core/model-name.ts";
import { writeModel } from "../support/tiny-models.ts";

/** A connected machine that packed `a` and `b` once; by now `b` has another config, and there is `c`. */
export interface UpgradedModels {
  /** With `a` and `b` as they were. */
  readonly first: string;
  /** With `a`, `b` as it is now and `c`, less what the site has. */
  readonly create: (
    name: string,
    has?: Pick<CreateOptions, "since" | "site">,
  ) => ReturnType<typeof createBundle>;
}

export async function upgradedModels(directory: string): Promise<UpgradedModels> {
  const stores = { before: join(directory, "before"), after: join(directory, "after") };
  for (const store of Object.values(stores)) {
    await writeModel(store, { name: "a" });
    const requires = store === stores.before ? "0.1.0" : "0.2.0";
    await writeModel(store, { name: "b", seed: 7, requires });
  }
  await writeModel(stores.after, { name: "c", kind: "bert" });

  const pack = (name: string, store: string, has: Pick<CreateOptions, "since" | "site"> = {}) =>
    createBundle(
      {
        name,
        platform: "linux/amd64",
        models: (store === stores.before ? ["a", "b"] : ["a", "b", "c"]).map(parseModelName),
      },
      {
        output: join(directory, `${name}.tar.gz`),
        staging: join(directory, "staging"),
        fromStore: store,
        ...has,
      },
    );
  await pack("first", stores.before);
  return {
    first: join(directory, "first.tar.gz"),
    create: (name, has) => pack(name, stores.after, has),
  };
}
