import { parseArgs } from "node:util";

export interface BenchOptions {
  /** GiB of models; everything is measured with each. */
  readonly modelsSizes: readonly number[];
  readonly rounds: number;
  /** The name of a test host. */
  readonly host: string;
  /** A file for everything that was measured. */
  readonly json: string | undefined;
}

/** From the command line; TMPDIR says where to work, which takes about five times the models' size. */
export function readOptions(): BenchOptions {
  const { values } = parseArgs({
    options: {
      "models-size": { type: "string", default: "1" },
      rounds: { type: "string", default: "5" },
      host: { type: "string", default: "docker-20.10" },
      json: { type: "string" },
    },
  });
  const modelsSizes = values["models-size"].split(",").map(Number);
  const rounds = Number(values.rounds);
  if (rounds >= 1 && modelsSizes.every((size) => size > 0))
    return { modelsSizes, rounds, host: values.host, json: values.json };
  throw new Error("usage: --models-size GIB[,GIB…] --rounds N --host NAME --json FILE");
}
