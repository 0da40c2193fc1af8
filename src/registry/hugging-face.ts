const HOSTS = new Set(["hf.co", "huggingface.co"]);

/** Hugging Face under either of its names, over HTTPS. */
export function isHuggingFace({ protocol, host }: URL): boolean {
  return protocol === "https:" && HOSTS.has(host);
}
