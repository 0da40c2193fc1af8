import { randomBytes } from "node:crypto";

/** Labels that tell what an installation made from everything else on an engine. */
export const LABEL = {
  /** The installation's id. */
  installation: "ollama-bundle.installation",
  /** The bundle's id, 64 hex digits. */
  bundle: "ollama-bundle.bundle",
  /** A volume with models, or a lock. */
  role: "ollama-bundle.role",
} as const;

/** Names one run of install, sortable by time: `20260102t030405z-1a2b3c4d`. Fit for container, volume and file names. */
export function newInstallationId(now: Date): string {
  const time = now
    .toISOString()
    .replaceAll(/[-:]|\.\d+/g, "")
    .toLowerCase();
  return `${time}-${randomBytes(4).toString("hex")}`;
}

export function isInstallationId(text: string): boolean {
  return /^\d{8}t\d{6}z-[0-9a-f]{8}$/.test(text);
}
