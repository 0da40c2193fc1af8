/**
 * Node's http and https, as they are, loaded by whoever is first to need them. An `import` of `node:http` reads every export there is,
 * one of which makes Node load its own fetch and WebSocket: 50 ms of processor time, a fifth of what `create` takes until it
 * begins. Without those it is still 10 ms, and a store on this disk is packed without HTTP.
 */
export function nodeHttp(): typeof import("node:http") {
  return process.getBuiltinModule("node:http");
}

export function nodeTls(): typeof import("node:tls") {
  return process.getBuiltinModule("node:tls");
}

export function nodeHttps(): typeof import("node:https") {
  return process.getBuiltinModule("node:https");
}
