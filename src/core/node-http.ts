/**
 * Node's http and https, as they are. An `import` of `node:http` reads every export there is, one of which makes Node load its own
 * fetch and WebSocket: 50 ms of processor time, a fifth of what `create` takes until it begins.
 */
export const http = process.getBuiltinModule("node:http");
export const https = process.getBuiltinModule("node:https");
