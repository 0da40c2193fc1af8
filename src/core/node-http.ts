import type * as Http from "node:http";
import type * as Https from "node:https";
import type * as Tls from "node:tls";

/**
 * Node's http, https and tls, as they are, loaded when somebody needs them. An `import` of `node:http` reads every export there is,
 * one of which makes Node load its own fetch and WebSocket: 50 ms of processor time, a fifth of what `create` takes until it
 * begins. Without those it is still 10 ms, and a store on this disk is packed without HTTP.
 */
export function nodeHttp(): typeof Http {
  return process.getBuiltinModule("node:http");
}

export function nodeHttps(): typeof Https {
  return process.getBuiltinModule("node:https");
}

export function nodeTls(): typeof Tls {
  return process.getBuiltinModule("node:tls");
}
