import { existsSync, rmSync, writeFileSync } from "node:fs";
import { readIfThere } from "./process-record.ts";
import { runCommand } from "./run-command.ts";
import type { OnProgress } from "./test-hosts.ts";

/** Installs those of the distribution's packages that are missing, without letting any of them start a service. */
export async function installPackages(
  names: readonly string[],
  onProgress: OnProgress,
): Promise<void> {
  const missing = await missingPackages(names);
  try {
    if (missing.length === 0) return;
    onProgress(`installing ${missing.join(", ")}`);
    forbidServiceStarts();
    await finishInterruptedInstallation();
    await aptGet("update");
    await aptGet("install", "--yes", "--no-install-recommends", ...missing);
  } finally {
    allowServiceStarts();
  }
}

async function missingPackages(names: readonly string[]): Promise<readonly string[]> {
  const format = "${Package} ${db:Status-Status}\n";
  const stdout = await runCommand(["dpkg-query", "--show", "--showformat", format]);
  const installed = new Set(stdout.split("\n"));
  return names.filter((name) => !installed.has(`${name} installed`));
}

async function finishInterruptedInstallation(): Promise<void> {
  await runCommand(["dpkg", "--configure", "--pending"], noninteractive);
}

async function aptGet(...args: readonly string[]): Promise<void> {
  await runCommand(
    ["apt-get", "--quiet", "--option", "DPkg::Lock::Timeout=300", ...args],
    noninteractive,
  );
}

const noninteractive = { DEBIAN_FRONTEND: "noninteractive" };
const policyFile = "/usr/sbin/policy-rc.d";
const policy =
  "#!/bin/sh\n# ollama-bundle test hosts: remove this file if no apt-get runs\nexit 101\n";

/** Puts Debian's "start no service" policy in place; a policy that is there stays. */
function forbidServiceStarts(): void {
  if (!existsSync(policyFile)) writeFileSync(policyFile, policy, { mode: 0o755 });
}

/** Takes away our policy, also that of an earlier run that was killed. */
function allowServiceStarts(): void {
  if (readIfThere(policyFile) === policy) rmSync(policyFile);
}
