import { z } from "zod";
import { EngineError } from "../core/errors.ts";
import { jsonOrUndefined } from "../core/json-or-undefined.ts";
import { readLines } from "../core/lines.ts";

const LONGEST_LINE = 1024 * 1024;
const LONGEST_TEXT = 2000;

/** A line of what pull, load and build answer (moby's `jsonmessage.JSONMessage`). */
const message = z.object({
  stream: z.string().optional(),
  status: z.string().optional(),
  id: z.string().optional(),
  progressDetail: z
    .object({ current: z.number().optional(), total: z.number().optional() })
    .nullish(),
  aux: z.object({ ID: z.string().optional() }).nullish(),
  error: z.string().optional(),
  errorDetail: z.object({ message: z.string().optional() }).nullish(),
});

export type EngineMessage = z.infer<typeof message>;

/**
 * The messages of an answer as they come. The status of such an answer is 200 whatever happened, so a message that tells an
 * error is thrown here; that it worked, only the one who knows the last message can say. `what` completes "Cannot …".
 */
export async function* readMessages(
  answer: AsyncIterable<Uint8Array>,
  what: string,
): AsyncGenerator<EngineMessage, void, undefined> {
  const tooLong = (): EngineError =>
    failed(what, `the engine's answer has a line of more than ${LONGEST_LINE} bytes`);
  for await (const line of readLines(answer, { longest: LONGEST_LINE, tooLong })) {
    const parsed = message.safeParse(jsonOrUndefined(line));
    if (!parsed.success)
      throw failed(what, `the engine answers ${JSON.stringify(line.slice(0, 200))}`);
    const { error, errorDetail } = parsed.data;
    if (error !== undefined || errorDetail)
      throw failed(what, errorDetail?.message || error || "the engine does not say why");
    yield parsed.data;
  }
}

export function endedWithoutResult(what: string): EngineError {
  return failed(what, "the engine ended its answer without saying that it worked");
}

function failed(what: string, text: string): EngineError {
  return new EngineError("ENGINE_FAILED", `Cannot ${what}: ${text.trim().slice(0, LONGEST_TEXT)}`, {
    hint: "See the engine's log for more.",
  });
}
