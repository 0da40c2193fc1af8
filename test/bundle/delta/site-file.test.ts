import { open, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { readHeld } from "../../../src/bundle/delta/read-held.ts";
import {
  type SiteFile,
  decodeSiteFile,
  encodeSiteFile,
} from "../../../src/bundle/delta/site-file.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";

const HEX = "a".repeat(64);

const good: Omit<SiteFile, "schemaVersion"> = {
  tool: { name: "ollama-bundle", version: "0.1.0" },
  takenAt: "2026-11-21T10:00:00.000Z",
  modelsIn: "volume",
  models: [{ name: "registry.ollama.ai/library/gemma:2b", digest: HEX, size: 12 }],
  blobs: [{ sha256: HEX, size: 12 }],
  images: [{ configDigest: `sha256:${HEX}`, diffIds: [`sha256:${HEX}`], platform: "linux/amd64" }],
  free: { models: 1e12 },
  host: {
    platform: "linux/amd64",
    memory: 64e9,
    freeMemory: 60e9,
    gpus: [{ name: "AMD GPU", memory: 16e9 }],
    takenPorts: [11_434],
  },
  engine: {
    product: "Docker",
    version: "28.5.1",
    platform: "linux/amd64",
    imageStore: "classic",
    rootless: false,
    selinux: true,
    runtimes: ["nvidia", "runc"],
    memory: 64e9,
  },
  bundles: [{ name: "site-a", id: HEX }],
};

/** The good one with another value at a place such as `blobs.0.sha256`. */
function edited(at: string, value: unknown): Buffer {
  const site: unknown = JSON.parse(encodeSiteFile(good));
  const keys = at.split(".");
  let place = site as Record<string, unknown>;
  for (const key of keys.slice(0, -1)) place = place[key] as Record<string, unknown>;
  place[keys.at(-1) ?? ""] = value;
  return Buffer.from(JSON.stringify(site));
}

describe("a site file", () => {
  test("is read as it was written, a line for each fact", () => {
    const text = encodeSiteFile(good);
    expect(decodeSiteFile("s", Buffer.from(text))).toEqual({ schemaVersion: 1, ...good });
    expect(text).toContain('\n    "selinux": true,\n');
  });

  test("may have fields that nobody knows, which do nothing", () => {
    const site = { ...good, schemaVersion: 1, mood: "good", host: { ...good.host, hostname: "x" } };
    const text = JSON.stringify(site).replace("{", '{"__proto__":{"models":[]},"constructor":7,');
    const bytes = Buffer.from(text);
    expect(decodeSiteFile("s", bytes)).toEqual({ schemaVersion: 1, ...good });
  });

  const lies: Record<string, readonly [at: string, value: unknown]> = {
    "a digest that is a path (CVE-2024-37032)": ["blobs.0.sha256", "../../../etc/passwd"],
    "a digest in upper case": ["blobs.0.sha256", "A".repeat(64)],
    "a digest that is too short": ["images.0.diffIds.0", "sha256:abc"],
    "a name of a model that leads elsewhere": ["models.0.name", "../../../../x:y"],
    "terminal commands in a word": ["engine.product", "\u001b]0;owned\u0007Docker"],
    "a line break in a word": ["tool.version", "0.1.0\nerror: all is lost"],
    "a text that runs backwards": ["engine.version", "\u202e1.82"],
    "a word of a million letters": ["host.gpus.0.name", "x".repeat(1_000_000)],
    "a negative size": ["blobs.0.size", -1],
    "a size beyond what numbers hold": ["free.models", 2 ** 70],
    "a bundle whose name is a path": ["bundles.0.name", "../../x"],
    "a place that no models are in": ["modelsIn", "cloud"],
    "200,000 blobs": ["blobs", Array.from({ length: 200_000 }, () => ({ sha256: HEX, size: 1 }))],
    "another version": ["schemaVersion", 2],
  };
  test.each(Object.keys(lies))("is refused with %s, by its name and in few words", (what) => {
    const [at, value] = lies[what] ?? ["", undefined];
    const read = () => decodeSiteFile("site.json", edited(at, value));
    expect(read).toThrow(expect.objectContaining({ code: "DEFINITION_INVALID", exitCode: 2 }));
    expect(read).toThrow(/^Cannot use the site file "site\.json": .{1,400}$/s);
  });

  test.each(["", "null", "[]", "{", "\u0000", "7"])("is refused where it is %j", (text) => {
    expect(() => decodeSiteFile("site.json", Buffer.from(text))).toThrow(
      'Cannot use the site file "site.json": ',
    );
  });

  test("of 100 MB is refused by its size", async () => {
    await using directory = await temporaryDirectory();
    const site = join(directory.path, "site.json");
    {
      await using file = await open(site, "w");
      await file.truncate(100_000_000);
    }
    await expect(readHeld({ site }, {})).rejects.toThrow("it has more than 16777216 bytes");
  });

  test("that is not there, or is none, is refused by name", async () => {
    await using directory = await temporaryDirectory();
    await expect(readHeld({ site: directory.path }, {})).rejects.toThrow(
      `Cannot read the site file "${directory.path}": it is a directory`,
    );
    const site = join(directory.path, "site.json");
    await expect(readHeld({ site }, {})).rejects.toMatchObject({ exitCode: 2 });
    await writeFile(site, "no JSON \u001b[2J");
    await expect(readHeld({ site }, {})).rejects.toMatchObject({ exitCode: 2 });
  });

  test("of another platform's image leaves no image out", async () => {
    await using directory = await temporaryDirectory();
    const site = join(directory.path, "site.json");
    const arm = {
      ...good,
      images: good.images.map((each) => ({ ...each, platform: "linux/arm64" })),
    };
    await writeFile(site, encodeSiteFile(arm));
    const { held } = await readHeld({ site }, {});
    expect(held?.images).toEqual([]);
    expect(held?.blobs).toEqual(new Set([HEX]));
  });
});
