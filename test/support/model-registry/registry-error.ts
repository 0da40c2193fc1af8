import type { Exchange } from "./exchange.ts";
import { sendText } from "./send-body.ts";

interface RegistryError {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  readonly detail?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * Answers with the errors document of a registry.
 *
 * Specification: https://github.com/opencontainers/distribution-spec/blob/main/spec.md#error-codes
 */
export function sendRegistryError(exchange: Exchange, error: RegistryError): Promise<void> {
  const { status, headers, ...entry } = error;
  const contentType = { "Content-Type": "application/json; charset=utf-8" };
  return sendText(
    exchange,
    { status, headers: { ...contentType, ...headers } },
    `${JSON.stringify({ errors: [entry] })}\n`,
  );
}
