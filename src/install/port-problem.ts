import { once } from "node:events";
import { createServer } from "node:net";
import { HostError, hasCode } from "../core/errors.ts";
import type { EngineContainer } from "../engine/engine.ts";
import { type PublishAddress, publishText } from "./publish-address.ts";

const ALL_ADDRESSES = ["0.0.0.0", "[::]"];

interface PortHolders {
  readonly containers: readonly EngineContainer[];
  readonly isLocal: boolean;
  /** The container that goes, and frees its address. */
  readonly replaced?: EngineContainer | undefined;
}

/** Who holds the address at which the server is to be published, or undefined. */
export async function portProblem(
  address: PublishAddress,
  { containers, isLocal, replaced }: PortHolders,
): Promise<HostError | undefined> {
  const holder = containers.find(
    ({ isRunning, published }) => isRunning && published.some((held) => collides(held, address)),
  );
  if (holder !== undefined && holder.id === replaced?.id) return undefined;
  if (holder !== undefined)
    return taken(address, `the container "${holder.name}" (${holder.image}) has it`);
  // The host's own sockets can only be asked where the engine shares them.
  return isLocal ? bindProblem(address) : undefined;
}

function collides(held: string, address: PublishAddress): boolean {
  const at = held.lastIndexOf(":");
  const [ip, port] = [held.slice(0, at), held.slice(at + 1)];
  if (Number(port) !== address.port) return false;
  const [wanted] = publishText(address).split(/:(?=\d+$)/);
  return ip === wanted || ALL_ADDRESSES.includes(ip) || ALL_ADDRESSES.includes(wanted ?? "");
}

/** Tries the address for a moment. A refusal for want of rights says nothing: the engine has its own. */
async function bindProblem(address: PublishAddress): Promise<HostError | undefined> {
  const server = createServer();
  try {
    await once(
      server.listen({ host: address.ip, port: address.port, exclusive: true }),
      "listening",
    );
    return undefined;
  } catch (error) {
    if (hasCode(error, "EADDRINUSE"))
      return taken(address, "another program on this host listens there");
    if (hasCode(error, "EADDRNOTAVAIL")) {
      return new HostError(
        "PORT_TAKEN",
        `the address ${publishText(address)} cannot be used: this host does not have ${address.ip}`,
        {
          hint: "Give an address of this host with --publish.",
        },
      );
    }
    return undefined;
  } finally {
    server.close();
  }
}

function taken(address: PublishAddress, who: string): HostError {
  const other = publishText({
    ...address,
    port: address.port === 65_535 ? 8080 : address.port + 1,
  });
  return new HostError("PORT_TAKEN", `the address ${publishText(address)} is taken: ${who}`, {
    hint: `Free it, or publish elsewhere, for example with --publish ${other}.`,
  });
}
