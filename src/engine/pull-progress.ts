import type { OnProgress } from "../core/progress.ts";
import type { EngineMessage } from "./engine-messages.ts";

interface Layer {
  done: number;
  total?: number | undefined;
}

/** Adds up what a pull tells of its layers. */
export class PullProgress {
  readonly #layers = new Map<string, Layer>();
  readonly #item: string;
  readonly #onProgress: OnProgress | undefined;

  constructor(item: string, onProgress: OnProgress | undefined) {
    this.#item = item;
    this.#onProgress = onProgress;
  }

  take({ id, status, progressDetail }: EngineMessage): void {
    if (id === undefined) return;
    if (status === "Pulling fs layer") this.#layers.set(id, { done: 0 });
    if (status === "Download complete") finish(this.#layers.get(id));
    if (status !== "Downloading") return;
    const before = this.#layers.get(id)?.done ?? 0;
    // A layer that the engine asks for again starts at nothing.
    this.#layers.set(id, {
      done: Math.max(before, progressDetail?.current ?? 0),
      total: progressDetail?.total,
    });
    this.#tell();
  }

  #tell(): void {
    const layers = [...this.#layers.values()];
    const done = layers.reduce((sum, layer) => sum + layer.done, 0);
    const isTotalKnown = layers.every(({ total }) => total !== undefined);
    const total = layers.reduce((sum, layer) => sum + (layer.total ?? 0), 0);
    this.#onProgress?.({ kind: "bytes", item: this.#item, done, ...(isTotalKnown && { total }) });
  }
}

function finish(layer: Layer | undefined): void {
  if (layer?.total !== undefined) layer.done = layer.total;
}
