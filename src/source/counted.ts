/** The content as it is, its bytes counted as they go by. */
export async function* counted(
  content: AsyncIterable<Uint8Array>,
  count: (bytes: number) => void,
): AsyncGenerator<Uint8Array> {
  for await (const bytes of content) {
    count(bytes.length);
    yield bytes;
  }
}
