import type { Call } from "./call.ts";
import { sendJson } from "./respond.ts";

export function answerPs(call: Call): void {
  const models = call.runners.loaded.map((runner) => ({
    name: runner.name,
    model: runner.name,
    size: runner.bytes,
    digest: runner.digest,
    details: runner.details,
    expires_at: runner.expiresAt.toISOString(),
    size_vram: call.settings.gpu ? runner.bytes : 0,
    context_length: runner.contextLength,
  }));
  sendJson(call, { models });
}
