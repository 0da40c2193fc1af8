import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { runCommand } from "./run-command.ts";
import type { OnProgress } from "./test-hosts.ts";

/** Installs those of the distribution's packages that are missing, without letting any of them start a service. */
export async function installPackages(names: readonly string[], onProgress: OnProgress): Promise<void> {
  const missing = await missingPackages(names);
  if (missing.length === 0) return;
  onProgress(`installing ${missing.join(", ")}`);
  const allow = forbidServiceStarts();
  try {
    await aptGet("update");
    await aptGet("install", "--yes", "--no-install-recommends", ...missing);
  } finally {
    allow();
  }
}

async function missingPackages(names: readonly string[]): Promise<readonly string[]> {
  const format = "${Package} ${db:Status-Status}\n";
  const stdout = await runCommand(["dpkg-query", "--show", "--showformat", format]);
  const installed = new Set(stdout.split("\n"));
  return names.filter((name) => !installed.has(`${name} installed`));
}

async function aptGet(...args: readonly string[]): Promise<void> {
  await runCommand(["apt-get", "--quiet", "--option", "DPkg::Lock::Timeout=300", ...args], {
    DEBIAN_FRONTEND: "noninteractive",
  });
}

const policyFile = "/usr/sbin/policy-rc.d";
const policy = "#!/bin/sh\n# ollama-bundle test hosts: remove this file if no apt-get runs\nexit 101\n";

/** Puts Debian's "start no service" policy in place and returns what takes it away; a policy that is there stays. */
function forbidServiceStarts(): () => void {
  const ours = !existsSync(policyFile) || readFileSync(policyFile, "utf8") === policy;
  if (ours) writeFileSync(policyFile, policy, { mode: 0o755 });
  return () => {
    if (ours) rmSync(policyFile, { force: true });
  };
}
