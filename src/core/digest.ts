import { createHash } from "node:crypto";

const SHA256_HEX = /^[0-9a-f]{64}$/;

/** Whether this is a sha256 as 64 lower-case hex digits: the only form that may come near a path. */
export function isSha256Hex(text: string): boolean {
  return SHA256_HEX.test(text);
}

/** sha256 of bytes in memory, as 64 lower-case hex digits. */
export function sha256Hex(bytes: Uint8Array | string): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** The 64 hex digits of an OCI digest `sha256:<hex>`, or undefined when it is anything else. */
export function hexOfDigest(digest: string): string | undefined {
  const hex = digest.startsWith("sha256:") ? digest.slice("sha256:".length) : "";
  return isSha256Hex(hex) ? hex : undefined;
}
