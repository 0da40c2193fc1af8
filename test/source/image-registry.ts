import type { IncomingMessage, ServerResponse } from "node:http";
import { serve } from "../registry/serve.ts";
import { type SavedFile, blobPath } from "./saved-image.ts";

/** A registry with one repository, `team/ollama`, that has what an OCI layout has; `requests` are paths behind it. */
export async function startImageRegistry(files: readonly SavedFile[]) {
  const contents = new Map(files.map(({ path, content }) => [path, content]));
  const requests: string[] = [];
  const busy = new Set<string>();
  const server = await serve(({ url = "" }: IncomingMessage, response: ServerResponse) => {
    const path = url.replace("/v2/team/ollama/", "");
    requests.push(path);
    if (busy.has(path)) {
      response.writeHead(429, { "Retry-After": "90" }).end();
      return;
    }
    const content = contentAt(path, contents);
    response.statusCode = content === undefined ? 404 : 200;
    response.end(content);
  });
  return {
    host: new URL(server.url).host,
    requests,
    /** Paths for which it wants to be left alone for 90 seconds. */
    busy,
    /** What it answers for a blob or manifest from now on; nothing, where undefined. */
    change(blob: Buffer, content: Buffer | undefined): void {
      if (content === undefined) contents.delete(blobPath(blob));
      else contents.set(blobPath(blob), content);
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

interface Index {
  readonly manifests: readonly {
    readonly digest: string;
    readonly annotations?: Readonly<Record<string, string>>;
  }[];
}

function contentAt(path: string, contents: ReadonlyMap<string, Buffer>): Buffer | undefined {
  const [kind, name = ""] = path.split("/");
  const digest = kind === "manifests" ? digestOf(contents, name) : name;
  return contents.get(`blobs/${digest.replace(":", "/")}`);
}

/** What a tag stands for: the layout's name for it. */
function digestOf(contents: ReadonlyMap<string, Buffer>, name: string): string {
  if (name.includes(":")) return name;
  const { manifests }: Index = JSON.parse(String(contents.get("index.json")));
  return (
    manifests.find(({ annotations }) =>
      annotations?.["org.opencontainers.image.ref.name"]?.endsWith(`:${name}`),
    )?.digest ?? ""
  );
}
