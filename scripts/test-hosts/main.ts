import { dropTestHosts, keepTestHosts } from "./hold-test-hosts.ts";
import { describeEngineAt } from "./engine-api.ts";
import { readIfThere } from "./process-record.ts";
import { registryAnswers } from "./registry.ts";
import { stateFile } from "./start-test-hosts.ts";
import type { TestHosts } from "./test-hosts.ts";

const [command] = process.argv.slice(2);
if (command === "up") {
  const hosts = await keepTestHosts((line) => console.error(line));
  await printHosts(hosts);
  if (process.env["CI"] === "true" && hosts.missing.length > 0) process.exitCode = 1;
} else if (command === "down") {
  await dropTestHosts();
} else if (command === "status") {
  const state = readIfThere(stateFile());
  if (state === "") process.exitCode = 1;
  await printHosts(state === "" ? { engines: [], missing: [] } : JSON.parse(state));
} else {
  console.error("usage: node scripts/test-hosts/main.ts up|down|status");
  process.exitCode = 2;
}

/** One line for each host: its name, whether it answers, and how to reach it. */
async function printHosts({ engines, registry, missing }: TestHosts): Promise<void> {
  if (registry) print("registry", await registryAnswers(registry), registry);
  for (const { name, dockerHost, imageStore, networkNamespace = "" } of engines) {
    const answers = (await describeEngineAt(dockerHost)) !== undefined;
    print(name, answers, `${dockerHost} ${imageStore} ${networkNamespace}`);
  }
  for (const { name, reason } of missing) console.error(`MISSING ${name}: ${reason}`);
  if (engines.length === 0 && missing.length === 0) console.log("down");
}

function print(name: string, answers: boolean, address: string): void {
  if (!answers) process.exitCode = 1;
  console.log(`${name.padEnd(22)}${answers ? "up  " : "DOWN"}  ${address.trimEnd()}`);
}
