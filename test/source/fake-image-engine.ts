import type { IncomingMessage, ServerResponse } from "node:http";
import { sha256Hex } from "../../src/core/digest.ts";
import { tarOf } from "../../src/core/tar.ts";
import { connectEngine } from "../../src/engine/connect-engine.ts";
import type { Engine } from "../../src/engine/engine.ts";
import { fakeEngine } from "../engine/fake-engine.ts";
import type { SavedImage } from "./saved-image.ts";

/** What the engine has and what its registry has; tests change it as they go. */
export interface ImageEngineState {
  local: SavedImage | undefined;
  /** What a pull gives: an image, or an HTTP error. */
  registry: SavedImage | { readonly status: number; readonly message: string };
  platform?: string;
  /** How many bytes of an archive are sent before the connection is cut. */
  cutAfter?: number | undefined;
}

export interface FakeImageEngine extends AsyncDisposable {
  readonly engine: Engine;
  /** How often an image was saved, and pulled. */
  readonly count: (what: "save" | "pull") => number;
  /** What each pull asked for, and the login that came with it. */
  readonly pulls: readonly { readonly url: string; readonly login: unknown }[];
}

export const REFERENCE = "docker.io/example/image:1";

/** An engine that has at most one image, which a pull of its only name replaces. */
export async function fakeImageEngine(state: ImageEngineState): Promise<FakeImageEngine> {
  const pulls: { url: string; login: unknown }[] = [];
  const fake = await fakeEngine((request, response) => {
    const { url = "" } = request;
    if (url.startsWith("/images/create")) pulls.push({ url, login: loginOf(request) });
    answer(state, request, response);
  });
  const engine = await connectEngine({ dockerHost: fake.address, env: {} });
  const patterns = { save: /^GET .*\/get$/, pull: /^POST \/images\/create/ };
  return {
    engine,
    pulls,
    count: (what) => fake.requests.filter((request) => patterns[what].test(request)).length,
    [Symbol.asyncDispose]: () => fake[Symbol.asyncDispose](),
  };
}

export function idOf({ config }: SavedImage): string {
  return `sha256:${sha256Hex(config)}`;
}

/** https://docs.docker.com/reference/api/engine/version/v1.41/#section/Authentication */
function loginOf({ headers }: IncomingMessage): unknown {
  const header = headers["x-registry-auth"];
  return header && JSON.parse(Buffer.from(String(header), "base64url").toString());
}

function answer(
  state: ImageEngineState,
  { method, url = "" }: IncomingMessage,
  response: ServerResponse,
): void {
  if (url === "/info") return void response.end("{}");
  if (method === "POST" && url.startsWith("/images/create")) return pull(state, response);
  if (state.local === undefined) return refuse(response, 404, "No such image");
  if (url === `/images/${REFERENCE}/json`)
    return void response.end(JSON.stringify(describe(state.local, state)));
  if (url === `/images/${idOf(state.local)}/get`) return save(state.local, state, response);
  return refuse(response, 404, `${url} is not what this engine has`);
}

function pull(state: ImageEngineState, response: ServerResponse): void {
  const { registry } = state;
  if ("status" in registry) return refuse(response, registry.status, registry.message);
  state.local = registry;
  response.end(JSON.stringify({ status: "Status: Downloaded newer image" }));
}

function describe(image: SavedImage, { platform = "linux/amd64" }: ImageEngineState): object {
  const [Os, Architecture] = platform.split("/");
  return {
    Id: idOf(image),
    RepoTags: ["example/image:1"],
    RepoDigests: ["other/image@sha256:0", `example/image@sha256:${"d".repeat(64)}`],
    Os,
    Architecture,
    Size: 1234,
    RootFS: { Layers: image.diffIds },
  };
}

function save(image: SavedImage, { cutAfter }: ImageEngineState, response: ServerResponse): void {
  const tar = tarOf(image.files);
  if (cutAfter === undefined) response.end(tar);
  else response.write(tar.subarray(0, cutAfter), () => response.destroy());
}

function refuse(response: ServerResponse, status: number, message: string): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify({ message }));
}
