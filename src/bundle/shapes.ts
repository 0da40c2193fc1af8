import { z } from "zod";
import { DefinitionError } from "../core/errors.ts";
import { fullImageReference, parseImageReference } from "../core/image-reference.ts";
import { fullModelName, parseModelName } from "../core/model-name.ts";

/** What the files that cross the gap are made of. */

export const hexShape = z.string().regex(/^[0-9a-f]{64}$/, "expected 64 lower-case hex digits");

export const digestShape = z
  .string()
  .regex(/^sha256:[0-9a-f]{64}$/, "expected sha256: and 64 lower-case hex digits");

/** Bytes. */
export const sizeShape = z.int().nonnegative();

/** `linux/amd64` */
export const platformShape = z.string().regex(/^[a-z0-9]+\/[a-z0-9]+(\/[a-z0-9]+)?$/);

/** With host, namespace and tag: `registry.ollama.ai/library/gemma:2b`. */
export const modelNameShape = z
  .string()
  .max(600)
  .refine(isFullModelName, "expected a model name in full");

/** Fully qualified: `docker.io/ollama/ollama:0.24.0`. */
export const imageReferenceShape = z
  .string()
  .max(1024)
  .refine(isFullImageReference, "expected an image reference in full");

/** A list that is read up to the first item that is wrong: what zod says of each of millions would fill the memory. */
export function listOf<T extends z.ZodType>(item: T, most = Infinity) {
  return z
    .array(z.unknown())
    .max(most)
    .transform((items, context): z.infer<T>[] => {
      const read: z.infer<T>[] = [];
      for (const [index, each] of items.entries()) {
        const { data, error } = item.safeParse(each);
        if (error !== undefined) {
          for (const { message, path } of error.issues)
            context.addIssue({ code: "custom", message, path: [index, ...path] });
          return z.NEVER;
        }
        read.push(data);
      }
      return read;
    });
}

/** In full, as {@link fullModelName} writes it. */
function isFullModelName(text: string): boolean {
  return isSame(text, () => fullModelName(parseModelName(text)));
}

function isFullImageReference(text: string): boolean {
  return isSame(text, () => fullImageReference(parseImageReference(text)));
}

function isSame(text: string, inFull: () => string): boolean {
  try {
    return inFull() === text;
  } catch (error) {
    if (error instanceof DefinitionError) return false;
    throw error;
  }
}
