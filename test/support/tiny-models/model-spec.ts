/** What to write as a model; everything but the name has a default. */
export interface ModelSpec {
  readonly name: string;
  readonly tag?: string;
  /** Registry host, as in the manifest's path: "hf.co", "localhost:5000". */
  readonly host?: string;
  readonly namespace?: string;
  readonly kind?: "llama" | "bert";
  /** Other seeds give other weights; the same seed, kind and size give the same blob. */
  readonly seed?: number;
  /** Makes the weights at least that many bytes. */
  readonly size?: number;
  /** Writes so many tensor layers (a "safetensors" model) in place of one GGUF file. */
  readonly tensors?: number;
  /** Makes a cloud stub: a manifest without weights. */
  readonly remote?: { readonly host: string; readonly model: string };
  /** The oldest Ollama that can run the model, as its config says. */
  readonly requires?: string;
  /** What every layer's "from" says, as in a locally created model. */
  readonly from?: string;
  readonly template?: string;
  readonly system?: string;
  readonly license?: string | readonly string[];
  readonly params?: Readonly<Record<string, unknown>>;
  /** What follows the manifest's JSON: `ollama create` writes a newline, a registry nothing. */
  readonly manifestEnd?: "" | "\n";
}
