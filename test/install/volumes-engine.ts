import type { IncomingMessage } from "node:http";
import { json } from "node:stream/consumers";
import { z } from "zod";
import { connectEngine } from "../../src/engine/connect-engine.ts";
import type { Engine } from "../../src/engine/engine.ts";
import { fakeEngine } from "../engine/fake-engine.ts";

type Labels = Readonly<Record<string, string>>;

const wanted = z.object({ Name: z.string(), Labels: z.record(z.string(), z.string()) });

export interface VolumesEngine extends AsyncDisposable {
  readonly engine: Engine;
  /** Labels by the volume's name. */
  readonly volumes: Map<string, Labels>;
  /** From now on every connection is cut. */
  readonly die: () => void;
}

/** An engine that has volumes and nothing else; as on a real one, creating a volume that is there changes nothing. */
export async function volumesEngine(): Promise<VolumesEngine> {
  const volumes = new Map<string, Labels>();
  let isDead = false;
  const fake = await fakeEngine(async (request, response) => {
    if (isDead) request.socket.destroy();
    const [status, answer] = await answerOf(request, volumes);
    response.writeHead(status, { "content-type": "application/json" });
    response.end(status === 204 ? undefined : JSON.stringify(answer));
  });
  return {
    engine: await connectEngine({ dockerHost: fake.address, env: {} }),
    volumes,
    die: () => {
      isDead = true;
    },
    [Symbol.asyncDispose]: () => fake[Symbol.asyncDispose](),
  };
}

async function answerOf(
  request: IncomingMessage,
  volumes: Map<string, Labels>,
): Promise<[status: number, answer: object]> {
  if (request.method === "POST") {
    const { Name, Labels } = wanted.parse(await json(request));
    if (!volumes.has(Name)) volumes.set(Name, Labels);
    return [201, { Name, Labels: volumes.get(Name) }];
  }
  const name = decodeURIComponent(request.url?.split("/").at(-1) ?? "");
  const labels = volumes.get(name);
  if (labels === undefined) return [404, { message: `get ${name}: no such volume` }];
  if (request.method !== "DELETE") return [200, { Name: name, Labels: labels }];
  volumes.delete(name);
  return [204, {}];
}
