import type { Details } from "../api/details.ts";
import { humanBytes, humanTime } from "../go/human.ts";
import { askForJson } from "./client.ts";
import { table } from "./table.ts";
import type { Terminal } from "./terminal.ts";

interface Listed {
  readonly name: string;
  readonly size: number;
  readonly digest: string;
  readonly details: Details;
}

/** `ollama list` */
export async function list({ env, stdout }: Terminal): Promise<void> {
  type Answer = { readonly models: readonly (Listed & { readonly modified_at: string })[] };
  const { models } = await askForJson<Answer>(env, { method: "GET", path: "/api/tags" });
  const now = new Date();
  const rows = models.map((model) => [
    model.name,
    model.digest.slice(0, 12),
    humanBytes(model.size),
    humanTime(new Date(model.modified_at), now),
  ]);
  stdout(table(["NAME", "ID", "SIZE", "MODIFIED"], rows));
}

/** `ollama ps` */
export async function ps({ env, stdout }: Terminal): Promise<void> {
  type Running = Listed & {
    readonly size_vram: number;
    readonly context_length: number;
    readonly expires_at: string;
  };
  const { models } = await askForJson<{ readonly models: readonly Running[] }>(env, {
    method: "GET",
    path: "/api/ps",
  });
  const now = new Date();
  const rows = models.map((model) => [
    model.name,
    model.digest.slice(0, 12),
    humanBytes(model.size),
    model.size_vram === 0 ? "100% CPU" : "100% GPU",
    `${model.context_length}`,
    humanTime(new Date(model.expires_at), now),
  ]);
  stdout(table(["NAME", "ID", "SIZE", "PROCESSOR", "CONTEXT", "UNTIL"], rows));
}
