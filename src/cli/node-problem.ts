import { readFileSync } from "node:fs";

/** What is wrong with this version of Node, if anything. Written so that a Node from before the needed one can run it. */
export function nodeProblem(version: string): string | undefined {
  const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  const needed = (JSON.parse(text) as { engines: { node: string } }).engines.node;
  if (isAtLeast(numbersOf(version), numbersOf(needed))) return undefined;
  return `ollama-bundle needs Node ${needed.replace(">=", "")} or newer, and this is Node ${version}`;
}

function isAtLeast(version: number[], least: number[]): boolean {
  const differing = least.findIndex((number, at) => number !== (version[at] || 0));
  return differing === -1 || (version[differing] || 0) > (least[differing] || 0);
}

function numbersOf(version: string): number[] {
  return (version.match(/\d+/g) || []).map(Number);
}
