import type { HttpRequest } from "./http-request.ts";

/**
 * What a request shows that must not come back in a message, for a server that repeats what it was sent: as it stands in the
 * request, and a password by itself too.
 */
export function secretsIn({
  headers,
  form,
}: Pick<HttpRequest, "headers" | "form">): readonly string[] {
  const [, scheme, shown = ""] = /^(?:(\w+) )?(.*)$/.exec(headers["Authorization"] ?? "") ?? [];
  const login = scheme === "Basic" ? Buffer.from(shown, "base64").toString() : "";
  const password = login.slice(login.indexOf(":") + 1);
  const secrets = [shown, login, password, form?.get("refresh_token") ?? ""];
  return secrets.filter((secret) => secret !== "");
}
