import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { formatBytes } from "../../src/cli/format.ts";
import type { BenchEngine } from "./bench-engine.ts";
import { compareCreateAll, compareCreateModels, fillStaging } from "./compare-create.ts";
import { compareDownload, startRegistry } from "./compare-download.ts";
import { compareInstallImage, compareInstallVolume } from "./compare-install.ts";
import { compareInstallNative } from "./compare-native.ts";
import {
  compareInspect,
  compareVerifyAll,
  compareVerifyCold,
  compareVerifyModels,
} from "./compare-read.ts";
import { type Content, makeContent } from "./content.ts";
import type { Comparison } from "./comparison.ts";
import type { Sample, Step } from "./measure.ts";
import { type RoundsOptions, runRounds } from "./run-rounds.ts";
import { type Row, compareMedians, mediansOf } from "./summary.ts";
import { Workbench } from "./workbench.ts";

/** So often what it makes lies in memory while a step runs: read, spooled, and written. */
const COPIES = 3;

/** Everything that a run of the benchmark measured. */
export interface BenchResult {
  /** `2026-11-21` */
  readonly date: string;
  readonly machine: Readonly<Record<string, string>>;
  readonly runs: readonly RunResult[];
}

export interface RunResult extends Pick<Content, "modelsSize" | "imageSize"> {
  /** `Docker 20.10.24+dfsg1, overlay2` */
  readonly engine: string | undefined;
  readonly rounds: number;
  readonly rows: readonly Row[];
  readonly steps: readonly StepResult[];
}

export interface StepResult {
  readonly name: string;
  readonly median: Sample;
  /** In the order of the rounds. */
  readonly samples: readonly Sample[];
}

export interface BenchRunOptions extends RoundsOptions {
  /** A new directory, removed at the end. */
  readonly directory: string;
  readonly engine: BenchEngine | undefined;
}

/** Measures everything with so many bytes of models. */
export async function benchRun(size: number, options: BenchRunOptions): Promise<RunResult> {
  const { directory, engine, rounds, onProgress } = options;
  await mkdir(directory);
  onProgress(`Making models of ${formatBytes(size)}${engine === undefined ? "" : " and an image"}`);
  await engine?.empty();
  const content = await makeContent(join(directory, "content"), size, engine);
  const bench = new Workbench(directory, content, engine);
  await fillStaging(bench);
  using registry = await startRegistry(content.store);
  const comparisons = [
    compareDownload(bench, registry.url),
    compareCreateModels(bench),
    compareVerifyModels(bench),
    compareInstallNative(bench),
    ...(engine === undefined ? [] : compareWithImage(bench, engine)),
  ];
  // Whoever came after it in the same round would pay for it.
  const emptyingCaches = engine === undefined ? [] : [compareVerifyCold(bench)];
  const description = await engine?.description();
  const surroundings = {
    cwd: bench.out,
    otherDisks: (await engine?.directories()) ?? [],
    memory: COPIES * (content.modelsSize + content.imageSize),
  };
  const samples = new Map([
    ...(await runRounds(comparisons, surroundings, options)),
    ...(await runRounds(emptyingCaches, surroundings, options)),
  ]);
  await rm(directory, { recursive: true });
  const { modelsSize, imageSize } = content;
  const rows = compareMedians([...comparisons, ...emptyingCaches], samples);
  const steps = [...samples].map(resultOf);
  return { modelsSize, imageSize, engine: description, rounds, rows, steps };
}

/** In this order: each reads what one before it leaves. */
function compareWithImage(bench: Workbench, engine: BenchEngine): Comparison[] {
  return [
    compareCreateAll(bench, engine),
    compareVerifyAll(bench),
    compareInspect(bench),
    compareInstallImage(bench, engine),
    compareInstallVolume(bench, engine),
  ];
}

function resultOf([{ name }, samples]: readonly [Step, readonly Sample[]]): StepResult {
  return { name, median: mediansOf(samples), samples };
}
