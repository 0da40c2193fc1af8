/** A list of parts that cannot be used. */
export interface SidecarFlaw {
  readonly path: string;
  /** A sentence. */
  readonly why: string;
}

/** One line for people. */
export function describeFlaw({ path, why }: SidecarFlaw): string {
  return `"${path}" is left aside: ${why}. Copy it again, or remove it`;
}
