import { formatBytes } from "../../src/cli/format.ts";
import type { BenchResult, RunResult } from "./bench-run.ts";
import type { Row } from "./summary.ts";

const MIB = 1024 * 1024;

const EXPLANATION = `Medians. Every round runs each command of ours and, right after it, its yardsticks; what they read is in the page cache unless it says
otherwise, and memory was touched before each: the host of a virtual machine gives what it took back only slowly. \`install\` is all of it: checking the bundle, loading it, building the settings on top, starting the container, and a
health check that makes every model answer, by a stand-in for Ollama. \`docker load\` loads the same layers from an uncompressed tar
and starts nothing; \`docker build\` alone begins with the base image loaded. The download ends with everything hashed and synced.
Memory is resident, of all threads and processes of a command, without the engine's (at most 256 MiB is promised). Disk is what the
file systems have more than before, whoever wrote it: at the peak, at the end, the peak beyond the end (0 is promised), and when what
it made was removed again, but for the packages that the next measures read.`;

/** The text of bench.md. */
export function describeResult({ date, machine, runs }: BenchResult): string {
  const facts = Object.entries(machine).map(([name, value]) => `- ${name}: ${value}`);
  const head = ["# Benchmark", `Written by \`npm run bench\` on ${date}.`, facts.join("\n")];
  return `${[...head, EXPLANATION, ...runs.flatMap(describeRun)].join("\n\n")}\n`;
}

function describeRun({ engine, modelsSize, imageSize, rounds, rows, steps }: RunResult): string[] {
  const image = engine === undefined ? "no image" : `an image of ${formatBytes(imageSize)}`;
  const times = rounds === 1 ? "1 round" : `${rounds} rounds`;
  const commands = steps.map(({ name, median }) => [
    name,
    seconds(median.seconds),
    median.healthSeconds === undefined ? "" : seconds(median.healthSeconds),
    median.peakMemory === undefined ? "" : `${Math.round(median.peakMemory / MIB)} MiB`,
    megabytes(median.diskPeak),
    megabytes(median.diskKept),
    megabytes(median.diskPeak - median.diskKept),
    megabytes(median.diskLeft),
  ]);
  return [
    `## Models of ${formatBytes(modelsSize)}, ${image}, ${times}${engine === undefined ? "" : ` on ${engine}`}`,
    table("measure | ours | yardstick | its | ratio | target | result", rows.map(cellsOf)),
    table("command | time | of it health | memory | disk peak | end | beyond | left", commands),
  ];
}

function cellsOf({ measure, yardstick, of, ours, theirs, target, holds }: Row): string[] {
  const format = of === "seconds" ? seconds : megabytes;
  const what = { seconds: "", written: ", size", diskPeak: ", disk at peak" }[of];
  const times = `${(ours / theirs).toFixed(2)} ×`;
  const cells = [`${measure}${what}`, format(ours), yardstick, format(theirs)];
  if (target === undefined) return [...cells, times, "", ""];
  const { is, bound } = target;
  const reached = holds === true ? "holds" : "**missed**";
  if (is === "within") return [...cells, times, `≤ ${bound} s`, reached];
  if (is === "at most") return [...cells, times, `≤ ${bound} ×`, reached];
  return [...cells, `${(theirs / ours).toFixed(2)} × faster`, `≥ ${bound} × faster`, reached];
}

function table(titles: string, rows: readonly (readonly string[])[]): string {
  const lines = rows.map((cells) => cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | "));
  return [titles, titles.replaceAll(/[^|]+/g, " --- ").trim(), ...lines]
    .map((line) => `| ${line} |`)
    .join("\n");
}

function seconds(value: number): string {
  return `${value.toFixed(2)} s`;
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1e6)} MB`;
}
