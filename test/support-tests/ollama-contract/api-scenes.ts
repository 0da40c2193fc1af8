import type { ModelRegistryOptions } from "../../support/model-registry.ts";

/** A request that was made before the recorded one. */
export interface Step {
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
}

const SMOKE = { prompt: "Reply with OK", stream: false, options: { num_predict: 8, num_ctx: 512 } };

/** What had happened on the server before each of these was recorded. */
export const STEPS_BEFORE: Readonly<Record<string, readonly Step[]>> = {
  "blobs.head.present": [
    upload("486ea46224d1bb4fb680f34f7c9ad96a8f24ec88be73ea8e5a6c65260e9cb8a7", "world"),
  ],
  "blobs.post.already-present": [
    upload("486ea46224d1bb4fb680f34f7c9ad96a8f24ec88be73ea8e5a6c65260e9cb8a7", "world"),
  ],
  "blobs.head.left-by-mismatched-upload": [upload("0".repeat(64), "hello")],
  "delete.ok": [copyTiny()],
  "tags.after-copy": [copyTiny()],
  "tags.after-delete": [copyTiny(), remove("tiny:copied"), remove("big")],
  "ps.one-loaded": [generate("tiny")],
  "ps.two-loaded": [generate("tiny"), generate("big")],
  "ps.two-tags-one-runner": [generate("tiny"), generate("tiny:second")],
  "ps.loaded-for-ever": [load("tiny", -1)],
  "ps.after-unload": [generate("tiny"), generate("big"), load("tiny", 0)],
  "ps.after-keep-alive-0": [generate("big"), load("big", 0)],
};

/** How the registry behaved that a recorded pull asked. */
export const REGISTRIES: Readonly<Record<string, Partial<ModelRegistryOptions>>> = {
  "pull.stream.registry-412": { minimumOllama: "99.0.0" },
  "pull.stream.registry-429": manifestAnswer(
    429,
    '{"errors":[{"code":"TOOMANYREQUESTS","message":"slow down"}]}',
  ),
  "pull.stream.registry-503": manifestAnswer(503, "no"),
  "pull.stream.captive-portal": manifestAnswer(200, "<html>Please log in</html>"),
  "pull.stream.registry-without-location-header": { blobs: "plain" },
  "pull.stream.blob-missing-in-registry": {
    faults: [{ on: { kind: "blob" }, effect: { type: "status", status: 404 } }],
  },
  "pull.stream.wrong-bytes": wrongBytes(),
  // The faults end with the pull that fails; the recorded one finds the registry healthy.
  "pull.stream.success-over-damaged-blobs": wrongBytes(),
};

/** Pulls that came before the recorded one, by the state of the store that they made. */
export function pullsBefore(state: string): readonly string[] {
  if (state.startsWith("tiny:latest just pulled")) return ["library/tiny:latest"];
  return state.startsWith("what the failed pull") ? ["library/tiny"] : [];
}

function wrongBytes(): Partial<ModelRegistryOptions> {
  return { faults: [{ on: { kind: "blob", method: "GET" }, effect: { type: "flip", offset: 3 } }] };
}

function manifestAnswer(status: number, body: string): Partial<ModelRegistryOptions> {
  return { faults: [{ on: { kind: "manifest" }, effect: { type: "status", status, body } }] };
}

function upload(hex: string, body: string): Step {
  return { method: "POST", path: `/api/blobs/sha256:${hex}`, body };
}

function copyTiny(): Step {
  const body = { source: "tiny", destination: "tiny:copied" };
  return { method: "POST", path: "/api/copy", body };
}

function remove(model: string): Step {
  return { method: "DELETE", path: "/api/delete", body: { model } };
}

function generate(model: string): Step {
  return { method: "POST", path: "/api/generate", body: { model, ...SMOKE } };
}

function load(model: string, keepAlive: number): Step {
  return { method: "POST", path: "/api/generate", body: { model, keep_alive: keepAlive } };
}
