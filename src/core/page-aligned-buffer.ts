/** Bytes: no disk that is written past the page cache has larger blocks. */
export const PAGE_SIZE = 4096;

/**
 * Memory that begins at a page, and can be shared with workers: what goes past the page cache is refused elsewhere (open(2),
 * O_DIRECT; EINVAL on a disk that wants multiples of 512 bytes). Node has no call for it and tells no addresses. V8 reserves
 * whole pages for a buffer that may grow, and begins others 16 bytes behind one.
 */
export function pageAlignedBuffer(size: number): Buffer<SharedArrayBuffer> {
  return Buffer.from(new SharedArrayBuffer(size, { maxByteLength: size }), 0, size);
}
