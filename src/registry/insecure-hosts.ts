import { DefinitionError } from "../core/errors.ts";
import { shownAddress } from "./http-address.ts";

/** `registry.example`, `127.0.0.1:5000`, `[::1]:5000`: as a name or a URL has it. */
const HOST = /^(?:\[[0-9a-f:]+\]|\w[\w.-]*)(?::\d{1,5})?$/i;

/** Hosts that are asked over plain HTTP because the user said so. */
export class InsecureHosts {
  readonly #hosts: ReadonlySet<string>;

  /** Each `host` or `host:port`. Throws {@link DefinitionError}. */
  constructor(hosts: readonly string[]) {
    this.#hosts = new Set(hosts.map(checkHost));
  }

  has(host: string): boolean {
    return this.#hosts.has(host);
  }

  /** From HTTPS a registry leads to HTTPS, unless the user said that the other host may be asked without. */
  allow(to: URL, from: URL): boolean {
    if (to.protocol === "https:") return true;
    return to.protocol === "http:" && (from.protocol === "http:" || this.has(to.host));
  }
}

/** Anything else would never be the host of a request, and so be ignored. */
function checkHost(text: string): string {
  if (HOST.test(text)) return text;
  throw new DefinitionError(
    "USAGE",
    `Cannot use "${shownAddress(text)}" as an insecure registry: expected a host or host:port, without http://`,
    { hint: "Write it as in --insecure-registry registry.example:5000." },
  );
}
