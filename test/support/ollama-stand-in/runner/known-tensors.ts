import type { Gguf } from "../store/read-gguf.ts";

const BLOCK =
  /^blk\.\d+\.(attn_(q|k|v|output|norm|output_norm)|ffn_(up|down|gate|norm)|layer_output_norm)\.(weight|bias)$/;
const OUTSIDE_BLOCKS =
  /^(token_embd|token_types|position_embd|token_embd_norm|output|output_norm|rope_freqs)\.(weight|bias)$/;

/** Fails as the inference engine does where a file holds tensors that it does not know. */
export function checkTensorsKnown({ architecture, tensors }: Gguf): void {
  if (architecture !== "llama" && architecture !== "bert") return;
  const known = tensors.filter(({ name }) => BLOCK.test(name) || OUTSIDE_BLOCKS.test(name));
  if (known.length === tensors.length) return;
  const counts = `expected ${tensors.length}, got ${known.length}`;
  throw new Error(
    "llama runner process has terminated: error loading model: " +
      `done_getting_tensors: wrong number of tensors; ${counts}\npanic:`,
  );
}
