import { isIP } from "node:net";
import { DefinitionError } from "../core/errors.ts";

/** Where the server is reached on the engine's host. */
export interface PublishAddress {
  readonly ip: string;
  readonly port: number;
}

const OLLAMA_PORT = "11434";
const DEFAULT_IP = "127.0.0.1";

/**
 * Reads `[IP:]PORT[:11434]` as `docker run -p` takes it, an IPv6 address in brackets. Unlike there a bare port is
 * published on 127.0.0.1 alone: Ollama asks nobody for a password. Throws {@link DefinitionError}.
 */
export function parsePublishAddress(text: string): PublishAddress {
  const match = /^(?:\[(?<ipv6>[^\]]*)\]:|(?<ipv4>[^:]*):)?(?<port>\d{1,5})$/.exec(
    withoutContainerPort(text),
  );
  const { ipv6, ipv4, port = "" } = match?.groups ?? {};
  const ip = ipv6 ?? ipv4 ?? DEFAULT_IP;
  const isAddress = ipv6 === undefined ? isIP(ip) === 4 : isIP(ip) === 6;
  if (match !== null && isAddress && isPort(Number(port))) return { ip, port: Number(port) };
  throw new DefinitionError(
    "USAGE",
    `Cannot publish at "${text}": expected [IP:]PORT[:${OLLAMA_PORT}]`,
    {
      hint: "Write it like 11434, 0.0.0.0:8080 or [::1]:11434; in the container Ollama always listens on 11434.",
    },
  );
}

/** `127.0.0.1:11434`, an IPv6 address in brackets. */
export function publishText({ ip, port }: PublishAddress): string {
  return isIP(ip) === 6 ? `[${ip}]:${port}` : `${ip}:${port}`;
}

/** Takes `:11434` off the end where a port stands before it: `8080:11434`, `127.0.0.1:8080:11434`, `[::1]:8080:11434`. */
function withoutContainerPort(text: string): string {
  const [, host] = /^(.*:?\d+):11434(?:\/tcp)?$/.exec(text) ?? [];
  return host === undefined || isIP(host) === 4 ? text : host;
}

function isPort(port: number): boolean {
  return port >= 1 && port <= 65_535;
}
