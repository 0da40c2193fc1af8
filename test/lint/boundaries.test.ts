import { beforeAll, describe, expect, test } from "vitest";
import { lintFiles } from "./lint-files.ts";

interface Example {
  readonly promise: string;
  readonly file: string;
  readonly code: string;
  /** What the complaint has to say; none where the import is allowed. */
  readonly complaint?: string;
}

const examples: readonly Example[] = [
  {
    promise: "refuses core that imports a layer above it",
    file: "src/core/chunks/up.ts",
    code: `import { pull } from "../../engine/pull.ts"; pull();`,
    complaint: `"core" is below "engine" and never imports it: hand the value in as a parameter`,
  },
  {
    promise: "refuses even a layer's types further down",
    file: "src/engine/up-types.ts",
    code: `import type { Plan } from "../create-bundle.ts"; export type Mine = Plan;`,
    complaint: `"engine" is below "use-case" and never imports it`,
  },
  {
    promise: "refuses a use case that imports the command line",
    file: "src/create-bundle.ts",
    code: `import { print } from "./cli/print.ts"; print();`,
    complaint: `"use-case" is below "cli" and never imports it`,
  },
  {
    promise: "refuses the engine that imports the registry",
    file: "src/engine/sideways.ts",
    code: `import { fetchBlob } from "../registry/fetch-blob.ts"; fetchBlob();`,
    complaint: `"engine" and "registry" do not know each other: let the code that uses both`,
  },
  {
    promise: "refuses a phase that runs an earlier phase's code",
    file: "src/bundle/write.ts",
    code: `import { stage } from "../staging/stage.ts"; stage();`,
    complaint: `"bundle" may have types of the earlier phase "staging", never its code: use "import type", and let the use case`,
  },
  {
    promise: "refuses an earlier phase's code that comes by import()",
    file: "src/bundle/write-later.ts",
    code: `export const stage = () => import("../staging/stage.ts");`,
    complaint: `"bundle" may have types of the earlier phase "staging", never its code`,
  },
  {
    promise: "refuses an earlier phase's code that is exported again",
    file: "src/bundle/pass-on.ts",
    code: `export { stage } from "../staging/stage.ts";`,
    complaint: `"bundle" may have types of the earlier phase "staging", never its code`,
  },
  {
    promise: "lets a phase have an earlier phase's types",
    file: "src/bundle/write-types.ts",
    code: `import type { Staged } from "../staging/stage.ts"; export type Mine = Staged;`,
  },
  {
    promise: "refuses a phase that imports a later one",
    file: "src/staging/later.ts",
    code: `import type { Bundle } from "../bundle/write.ts"; export type Mine = Bundle;`,
    complaint: `"staging" comes before "bundle" and knows nothing of it: let the use case in src/*.ts call both`,
  },
  {
    promise: "lets a source use the staging volume, the registry and the engine",
    file: "src/source/registry-source.ts",
    code: `import { stage } from "../staging/stage.ts"; import { fetchBlob } from "../registry/fetch-blob.ts"; import { pull } from "../engine/pull.ts"; stage(fetchBlob(), pull());`,
  },
  {
    promise: "lets install use the bundle reader",
    file: "src/install/load.ts",
    code: `import { readBundle } from "../bundle/read-bundle.ts"; readBundle();`,
  },
  {
    promise: "refuses install that runs health's code",
    file: "src/install/health.ts",
    code: `import { probe } from "../health/probe.ts"; probe();`,
    complaint: `"install" comes before "health" and knows nothing of it`,
  },
  {
    promise: "refuses a bundle that fetches from a registry",
    file: "src/bundle/fetch.ts",
    code: `import type { Blob } from "../registry/fetch-blob.ts"; export type Mine = Blob;`,
    complaint: `"bundle" reads what was staged and never imports "registry": let a source in src/source fetch it`,
  },
  ...["registry", "source", "staging"].flatMap((connected) =>
    [
      "src/install/a.ts",
      "src/health/a.ts",
      "src/verify-bundle.ts",
      "src/install-bundle.ts",
      "src/inspect-bundle.ts",
      "src/check-health.ts",
    ].map((file, index) => ({
      promise: `refuses ${file} that imports ${connected}`,
      file: file.replace("/a.ts", `/${connected}-user.ts`),
      code: `import type { A${index} } from "${file.split("/").length > 2 ? ".." : "."}/${connected}/a.ts"; export type B${connected} = A${index};`,
      complaint: `runs where there is no network and never imports "${connected}": move what both halves need to src/core`,
    })),
  ),
  {
    promise: "refuses an offline use case that imports a connected one",
    file: "src/install-bundle.ts",
    code: `import { createBundle } from "./create-bundle.ts"; createBundle();`,
    complaint: `"install-bundle.ts" runs where there is no network and never imports "create-bundle.ts"`,
  },
  {
    promise: "lets an offline use case call another one",
    file: "src/install-bundle.ts",
    code: `import { checkHealth } from "./check-health.ts"; checkHealth();`,
  },
  {
    promise: "refuses src that imports test",
    file: "src/core/fake.ts",
    code: `import { fake } from "../../test/support/fake.ts"; fake();`,
    complaint: `src never imports "test/support/fake.ts": it is not in the package`,
  },
  {
    promise: "refuses src that imports scripts",
    file: "src/main.ts",
    code: `import { hosts } from "../scripts/hosts.ts"; hosts();`,
    complaint: `src never imports "scripts/hosts.ts": it is not in the package`,
  },
  ...Object.entries({
    dockerode: "engine/",
    "tar-stream": "core/tar.ts",
    commander: "cli/",
    "cli-progress": "cli/",
    "p-retry": "core/retry.ts",
    yaml: "definition/",
  }).flatMap(([library, owner]) => [
    {
      promise: `refuses ${library} outside src/${owner}`,
      file: `src/health/${library}.ts`,
      code: `import { thing } from "${library}"; thing();`,
      complaint: `"${library}" belongs to src/${owner}: use what that exports, or add there what is missing`,
    },
    {
      promise: `lets src/${owner} use ${library}`,
      file: `src/${owner.endsWith("/") ? `${owner}${library}.ts` : owner}`,
      code: `import { thing } from "${library}"; thing();`,
    },
  ]),
  ...["node:http", "node:https", "node:tls"].map((library) => ({
    promise: `refuses ${library} by import, which loads what nobody asked for`,
    file: `src/registry/${library.slice(5)}.ts`,
    code: `import { thing } from "${library}"; thing("");`,
    complaint: `"${library}" belongs to src/core/node-http.ts: use what that exports`,
  })),
  {
    promise: "lets any folder have the types of node:http",
    file: "src/registry/ask-types.ts",
    code: `import type { Agent } from "node:http"; export type Mine = Agent;`,
  },
  {
    promise: "lets any folder use zod",
    file: "src/registry/answers.ts",
    code: `import { z } from "zod"; z.string();`,
  },
];

describe("the boundaries of src", () => {
  const complaints = new Map<Example, readonly string[]>();

  beforeAll(async () => {
    // Examples about the same file take turns; the others are linted together.
    let left = examples;
    while (left.length > 0) {
      const round = Map.groupBy(left, ({ file }) => file);
      const turn = [...round.values()].flatMap(([first]) => first ?? []);
      const found = await lintFiles(Object.fromEntries(turn.map(({ file, code }) => [file, code])));
      for (const example of turn) complaints.set(example, found[example.file] ?? []);
      left = left.filter((example) => !complaints.has(example));
    }
  });

  const [refused, allowed] = [
    examples.filter(isRefused),
    examples.filter((one) => !isRefused(one)),
  ];

  test.each(refused)("$promise", (example) => {
    expect(boundaryComplaints(example)).toEqual([expect.stringContaining(example.complaint)]);
  });

  test.each(allowed)("$promise", (example) => {
    expect(boundaryComplaints(example)).toEqual([]);
  });

  function boundaryComplaints(example: Example): readonly string[] {
    return (complaints.get(example) ?? []).filter((line) => line.startsWith("boundaries("));
  }
});

function isRefused(example: Example): example is Example & { readonly complaint: string } {
  return example.complaint !== undefined;
}
