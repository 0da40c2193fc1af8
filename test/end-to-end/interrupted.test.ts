import { existsSync, statSync, watch } from "node:fs";
import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CHUNK_SIZE } from "../../src/core/chunks/chunk.ts";
import { readPieces } from "../../src/staging/piece-log.ts";
import type { LoggedRequest } from "../support/model-registry.ts";
import { seededRandom } from "../support/model-registry/seeded-random.ts";
import { type CommandResult, bundleSucceeds, startBundle } from "./support/bundle-command.ts";
import { type ConnectedSide, connectedSide } from "./support/connected-side.ts";

const MIB = 1024 * 1024;
const BIG = 96 * MIB;
const SEED = 20_260;

/** When a create is killed: with a share of its content asked for, or packed, or when the bundle gets its name. */
type Moment =
  | { readonly phase: "fetching" | "packing"; readonly share: number }
  | { readonly phase: "naming" };

const random = seededRandom(SEED);
const moments: readonly Moment[] = [
  { phase: "fetching", share: 0 },
  ...Array.from({ length: 11 }, () => ({ phase: "fetching", share: random() }) as const),
  ...Array.from({ length: 6 }, () => ({ phase: "packing", share: random() }) as const),
  { phase: "packing", share: 0.999 },
  { phase: "naming" },
];

/** Pieces (chunks) that a staging volume has whole, by the sha256 of their content. */
type Pieces = ReadonlyMap<string, "all" | ReadonlySet<number>>;

interface Create {
  readonly home: string;
  readonly output: string;
  readonly staging: string;
  readonly args: readonly string[];
}

describe("a create that is interrupted", () => {
  let side: ConnectedSide;
  let contentBytes: number;
  let bundle: Buffer;
  const kills = { askedAgain: 0, kept: 0 };
  beforeAll(async () => {
    side = await connectedSide([{ name: "big", size: BIG }]);
    const whole = await prepare("whole");
    await bundleSucceeds(whole.args, whole);
    contentBytes = blobBytes(side.registry.requests);
    bundle = await readFile(whole.output);
  });
  afterAll(() => side[Symbol.asyncDispose]());

  test.each(numbered(moments))(
    "by SIGKILL $at leaves nothing half, and goes on without asking for a verified byte",
    async ({ moment, at }) => {
      const create = await prepare(`killed ${at}`);
      const { exitCode } = await interrupt(create, moment, "SIGKILL");
      // Once the bundle has its name, the process may end before the signal comes.
      expect(exitCode).toBe(moment.phase === "naming" && exitCode === 0 ? 0 : null);
      expect(existsSync(create.output)).toBe(moment.phase === "naming");
      await verifiesIfThere(create);
      const { askedAgain, kept } = await expectToGoOn(create);
      kills.askedAgain += askedAgain;
      kills.kept += kept;
    },
  );

  test("by SIGKILL keeps what had come", () => {
    const mean = (sum: number): string => (sum / moments.length / MIB).toFixed(1);
    console.log(
      `${moments.length} kills of a create of ${(contentBytes / MIB).toFixed(1)} MiB: on average ` +
        `${mean(kills.kept)} MiB were kept, and ${mean(kills.askedAgain)} MiB asked for again`,
    );
    expect(kills.kept).toBeGreaterThan(0);
    expect(kills.kept + kills.askedAgain).toBeLessThanOrEqual(moments.length * contentBytes);
  });

  test.each(numbered(moments).filter((_, index) => [1, 7, 13].includes(index)))(
    "by Ctrl-C $at says so, leaves nothing half, and goes on without asking for a verified byte",
    async ({ moment, at }) => {
      const create = await prepare(`interrupted ${at}`);
      const { exitCode, stderr } = await interrupt(create, moment, "SIGINT");
      expect(exitCode).toBe(130);
      expect(stderr).toMatch(/interrupted/i);
      expect(await bundleFiles(create)).toEqual([]);
      await expectToGoOn(create);
    },
  );

  /** Runs it again to its end; gives the bytes that it did not need to ask for, and those that it asked for again. */
  async function expectToGoOn(
    create: Create,
  ): Promise<{ readonly askedAgain: number; readonly kept: number }> {
    const before = blobBytes(side.registry.requests);
    const verified = await verifiedPieces(create.staging);
    side.registry.forgetRequests();
    const force = existsSync(create.output) ? ["--force"] : [];
    await bundleSucceeds([...create.args, ...force], create);
    const { requests } = side.registry;
    expect(requests.filter((request) => asksForAnyOf(verified, request))).toEqual([]);
    expect(await bundleFiles(create)).toEqual(["bundle.tar.gz", "bundle.tar.gz.sha256"]);
    expect((await readFile(create.output)).equals(bundle), "the same bundle").toBe(true);
    const now = blobBytes(requests);
    return { askedAgain: before + now - contentBytes, kept: contentBytes - now };
  }

  async function prepare(name: string): Promise<Create> {
    side.registry.forgetRequests();
    const home = await side.directory(name);
    const [output, staging] = [join(home, "bundle.tar.gz"), join(home, "staging")];
    const what = ["--models", "tiny,big,tiny-embed", "--image", "none"];
    const from = ["--model-registry", side.registry.url, "--staging", staging];
    return { home, output, staging, args: ["create", ...what, ...from, "-o", output] };
  }

  async function interrupt(
    create: Create,
    moment: Moment,
    signal: NodeJS.Signals,
  ): Promise<CommandResult> {
    const running = startBundle(create.args, create);
    const comes = moment.phase === "fetching" ? asked(moment.share) : written(create, moment);
    await Promise.race([comes, running.ended]);
    running.kill(signal);
    return running.ended;
  }

  function asked(share: number): Promise<void> {
    return side.registry.until(
      (requests) => requests.length > 0 && blobBytes(requests) >= share * contentBytes,
    );
  }

  /** Looks at every change in the directory: a write, and the renaming at the end. */
  function written({ home, output }: Create, moment: Moment): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const size = (): number => statSync(`${output}.partial`, { throwIfNoEntry: false })?.size ?? 0;
    const watcher = watch(home, () => {
      const hasCome =
        moment.phase === "packing" ? size() > moment.share * bundle.length : existsSync(output);
      if (hasCome || existsSync(output)) {
        watcher.close();
        resolve();
      }
    });
    return promise;
  }
});

async function verifiesIfThere(create: Create): Promise<void> {
  if (existsSync(create.output)) await bundleSucceeds(["verify", create.output], create);
}

function numbered(all: readonly Moment[]): { readonly moment: Moment; readonly at: string }[] {
  return all.map((moment, index) => ({ moment, at: `no. ${index + 1}, ${words(moment)},` }));
}

function words(moment: Moment): string {
  if (moment.phase === "naming") return "when the bundle has its name";
  return `at ${(moment.share * 100).toFixed(1)} % of ${moment.phase}`;
}

/** Bytes of blobs that went over the network. */
function blobBytes(requests: readonly LoggedRequest[]): number {
  return requests.reduce((sum, { kind, bodyBytes }) => sum + (kind === "blob" ? bodyBytes : 0), 0);
}

async function bundleFiles({ home }: Create): Promise<string[]> {
  return (await readdir(home)).filter((name) => name.startsWith("bundle.tar.gz")).toSorted();
}

async function verifiedPieces(staging: string): Promise<Pieces> {
  const pieces = new Map<string, "all" | ReadonlySet<number>>();
  const namesIn = (folder: string): Promise<string[]> =>
    readdir(join(staging, folder)).catch(() => []);
  for (const name of await namesIn("partial")) {
    if (!name.endsWith(".log")) continue;
    const finished = await readPieces(join(staging, "partial", name));
    pieces.set(name.replace(".log", ""), new Set(finished.keys()));
  }
  for (const name of await namesIn("blobs/sha256")) pieces.set(name, "all");
  return pieces;
}

function asksForAnyOf(verified: Pieces, { kind, method, path, range }: LoggedRequest): boolean {
  if (kind !== "blob" || method !== "GET") return false;
  const pieces = verified.get(path.slice(-64));
  if (pieces === undefined) return false;
  const [, first = "0", last = ""] = /^bytes=(\d+)-(\d*)$/.exec(range ?? "") ?? [];
  const end = last === "" ? Infinity : Number(last);
  const isAskedFor = (index: number): boolean =>
    index * CHUNK_SIZE <= end && (index + 1) * CHUNK_SIZE > Number(first);
  return pieces === "all" || [...pieces].some(isAskedFor);
}
