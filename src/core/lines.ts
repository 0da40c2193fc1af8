/**
 * The lines of a text that arrives in pieces, without white space around them; empty ones are left out. `tooLong` makes what is
 * thrown at a line of more than `longest` bytes.
 */
export async function* readLines(
  bytes: AsyncIterable<Uint8Array>,
  { longest, tooLong }: { readonly longest: number; readonly tooLong: () => Error },
): AsyncGenerator<string, void, undefined> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of bytes) {
    rest = Buffer.concat([rest, chunk]);
    for (let end = rest.indexOf("\n"); end >= 0; end = rest.indexOf("\n")) {
      const line = rest.toString("utf8", 0, end).trim();
      rest = rest.subarray(end + 1);
      if (line !== "") yield line;
    }
    if (rest.length > longest) throw tooLong();
  }
  const last = rest.toString("utf8").trim();
  if (last !== "") yield last;
}
