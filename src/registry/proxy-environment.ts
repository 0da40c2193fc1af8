import { DefinitionError } from "../core/errors.ts";
import { isHttp, shownAddress } from "./http-address.ts";

const VARIABLES = ["https_proxy", "HTTPS_PROXY", "http_proxy", "HTTP_PROXY"] as const;

/**
 * The environment with its proxies as Node takes them: one without a scheme is spoken to over HTTP, as curl does. Throws
 * {@link DefinitionError} for one that Node would go past without a word, such as a SOCKS proxy, or not understand.
 */
export function withUsableProxies(env: Readonly<NodeJS.ProcessEnv>): Readonly<NodeJS.ProcessEnv> {
  const set = VARIABLES.filter((name) => env[name]);
  return { ...env, ...Object.fromEntries(set.map((name) => [name, proxyIn(name, env)])) };
}

function proxyIn(name: string, env: Readonly<NodeJS.ProcessEnv>): string {
  const text = env[name] ?? "";
  const address = text.includes("://") ? text : `http://${text}`;
  const url = URL.parse(address);
  if (url !== null && isHttp(url) && canDecode(url.username) && canDecode(url.password))
    return address;
  throw new DefinitionError(
    "USAGE",
    `Cannot use the proxy "${shownAddress(text)}" in ${name}: expected http://[user:password@]host[:port]`,
    {
      hint: "Special characters of a password are written as in %40. SOCKS proxies are not spoken to: set the variable to nothing to go without.",
    },
  );
}

function canDecode(text: string): boolean {
  try {
    return decodeURIComponent(text) !== undefined;
  } catch {
    return false;
  }
}
