import { parseArgs } from "node:util";

export interface BenchOptions {
  /** In this order. */
  readonly runs: readonly BenchRun[];
  /** A file for everything that was measured. */
  readonly json: string | undefined;
}

/** Everything measured with so many models on one engine, so many times. */
export interface BenchRun {
  /** GiB of models. */
  readonly modelsSize: number;
  readonly rounds: number;
  /** The name of a test host. */
  readonly host: string;
}

/** From the command line; TMPDIR says where to work, which takes about five times the models' size. */
export function readOptions(args: readonly string[]): BenchOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      "models-size": { type: "string", default: "1,4" },
      rounds: { type: "string", default: "5,1" },
      host: { type: "string", default: "docker-20.10" },
      json: { type: "string" },
    },
  });
  const sizes = values["models-size"].split(",").map(Number);
  const rounds = values.rounds.split(",").map(Number);
  const [first = "", ...others] = values.host.split(",");
  const isUsable = sizes.every((size) => size > 0) && rounds.every(isCount);
  if (!isUsable)
    throw new Error(
      "usage: --models-size GIB[,GIB…] --rounds N[,N…] --host NAME[,NAME…] --json FILE",
    );
  const roundsOf = (index: number): number => rounds[index] ?? rounds.at(-1) ?? 1;
  const onFirst = sizes.map((modelsSize, index) => ({
    modelsSize,
    rounds: roundsOf(index),
    host: first,
  }));
  const [modelsSize = 1] = sizes;
  const onOthers = others.map((host) => ({ modelsSize, rounds: roundsOf(sizes.length), host }));
  return { runs: [...onFirst, ...onOthers], json: values.json };
}

function isCount(value: number): boolean {
  return Number.isInteger(value) && value > 0;
}
