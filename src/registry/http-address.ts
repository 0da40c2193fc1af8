/** A URL as it may be shown: without credentials, and without a query, where signed addresses carry a secret. */
export function shownUrl({ protocol, host, pathname }: URL): string {
  return `${protocol}//${host}${pathname}`;
}

/** An address as it was typed, as far as it may be shown: "…" where it may hold a secret and cannot be read. */
export function shownAddress(text: string): string {
  if (!/[@?#]/.test(text)) return text;
  const url = URL.parse(text);
  return url !== null && isHttp(url) ? shownUrl(url) : "…";
}

export function isHttp({ protocol }: URL): boolean {
  return protocol === "http:" || protocol === "https:";
}

/**
 * The proxy that a request goes through, as it may be shown, or undefined. Node's agents decide themselves (`proxyEnv`); this
 * is for messages. https://nodejs.org/api/http.html#built-in-proxy-support
 */
export function proxyOf(url: URL, env: Readonly<NodeJS.ProcessEnv>): string | undefined {
  const isTls = url.protocol === "https:";
  const proxy = isTls
    ? (env["https_proxy"] ?? env["HTTPS_PROXY"])
    : (env["http_proxy"] ?? env["HTTP_PROXY"]);
  if (proxy === undefined || proxy === "" || !URL.canParse(proxy)) return undefined;
  const exceptions = (env["no_proxy"] ?? env["NO_PROXY"] ?? "").split(/[,\s]+/);
  if (exceptions.some((exception) => isMeant(exception.toLowerCase(), url))) return undefined;
  const { protocol, host } = new URL(proxy);
  return `${protocol}//${host}`;
}

function isMeant(exception: string, { hostname, host }: URL): boolean {
  if (exception === "") return false;
  const suffix = exception.replace(/^\*?\.?/, ".");
  return (
    exception === "*" ||
    exception === hostname ||
    exception === host ||
    `.${hostname}`.endsWith(suffix)
  );
}
