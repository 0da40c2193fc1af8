import type { IncomingMessage, ServerResponse } from "node:http";
import { BlockList, isIP } from "node:net";
import { hostname } from "node:os";

const LOCAL_SUFFIXES = [".localhost", ".local", ".internal"];
const LOCAL_ORIGIN =
  /^(https?:\/\/(localhost|127\.0\.0\.1|0\.0\.0\.0)(:\d+)?|(app|file|tauri|vscode-webview|vscode-file):\/\/.*)$/;
const CORS_HEADERS =
  "Authorization,Content-Type,User-Agent,Accept,X-Requested-With,Openai-Beta,X-Stainless-Arch," +
  "X-Stainless-Async,X-Stainless-Custom-Poll-Interval,X-Stainless-Helper-Method,X-Stainless-Lang," +
  "X-Stainless-Os,X-Stainless-Package-Version,X-Stainless-Poll-Helper,X-Stainless-Retry-Count," +
  "X-Stainless-Runtime,X-Stainless-Runtime-Version,X-Stainless-Timeout";

/** Answers what browsers and foreign hosts may not ask; whether it did. */
export function answeredByGuard(
  request: IncomingMessage,
  response: ServerResponse,
  listensOnLoopback: boolean,
): boolean {
  const { origin, host = "" } = request.headers;
  if (origin !== undefined && !admitOrigin(origin, request, response)) return true;
  if (!listensOnLoopback || isLocalHost(host)) return false;
  response.writeHead(403, { "Content-Length": 0 }).end();
  return true;
}

/** Sets the CORS headers for a local page, answers its preflight, refuses every other. */
function admitOrigin(origin: string, request: IncomingMessage, response: ServerResponse): boolean {
  if (origin === `http://${request.headers.host}`) return true;
  if (!LOCAL_ORIGIN.test(origin)) {
    response.writeHead(403, { "Content-Length": 0 }).end();
    return false;
  }
  response.setHeader("Access-Control-Allow-Origin", origin);
  if (request.method !== "OPTIONS") {
    response.setHeader("Vary", "Origin");
    return true;
  }
  response.writeHead(204, {
    Allow: "POST",
    "Access-Control-Allow-Headers": CORS_HEADERS,
    "Access-Control-Allow-Methods": "GET,POST,PUT,PATCH,DELETE,HEAD,OPTIONS",
    "Access-Control-Max-Age": "43200",
    Vary: ["Origin", "Access-Control-Request-Method", "Access-Control-Request-Headers"],
  });
  response.end();
  return false;
}

function isLocalHost(header: string): boolean {
  const host = header
    .replace(/:\d+$/, "")
    .replace(/^\[|\]$/g, "")
    .toLowerCase();
  if (isIP(host) !== 0) return localAddresses().check(host, isIP(host) === 6 ? "ipv6" : "ipv4");
  if (host === "" || host === "localhost" || host === hostname().toLowerCase()) return true;
  return LOCAL_SUFFIXES.some((suffix) => host.endsWith(suffix));
}

function localAddresses(): BlockList {
  const list = new BlockList();
  list.addSubnet("127.0.0.0", 8);
  list.addSubnet("10.0.0.0", 8);
  list.addSubnet("172.16.0.0", 12);
  list.addSubnet("192.168.0.0", 16);
  list.addAddress("0.0.0.0");
  list.addAddress("::1", "ipv6");
  list.addAddress("::", "ipv6");
  list.addSubnet("fc00::", 7, "ipv6");
  return list;
}
