/** A repository of a registry: `https://registry.ollama.ai/` and `library/llama3.2`. */
export interface Repository {
  /** Ends in "/". */
  readonly base: URL;
  readonly path: string;
}
