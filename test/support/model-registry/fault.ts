/** One rule of misbehaviour, as data, so that a program can be given it as JSON. */
export interface Fault {
  /** Which requests it meets; every property given must match. */
  readonly on: FaultTarget;
  readonly effect: FaultEffect;
  /** Lets so many matching requests pass unharmed first. */
  readonly skip?: number;
  /** Ends after so many harmed requests; without it, never. */
  readonly times?: number;
  /** Harms this share of the matching requests, 0 to 1, drawn from the registry's seed. */
  readonly share?: number;
}

export interface FaultTarget {
  readonly kind?: RequestKind;
  readonly method?: string;
  /** Text that the request's path contains: a tag, a digest. */
  readonly path?: string;
}

export type RequestKind = "root" | "manifest" | "blob" | "storage" | "token" | "other";

export type FaultEffect =
  /** Destroys the socket when so many bytes of the body are sent. */
  | { readonly type: "cut"; readonly afterBytes: number | "random" }
  /** Sends nothing more after so many bytes of the body, and keeps the socket open. */
  | { readonly type: "stall"; readonly afterBytes: number | "random" }
  /** Accepts the request and never answers. */
  | { readonly type: "no-answer" }
  /** Inverts the byte at this offset of the whole blob or manifest. */
  | { readonly type: "flip"; readonly offset: number }
  /** Answers with this status in place of the content. */
  | {
      readonly type: "status";
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: string;
    }
  /** Answers a range request with 200 and the whole body. */
  | { readonly type: "ignore-range" }
  /** States a length that is off by so many bytes, then closes the connection. */
  | { readonly type: "content-length"; readonly add: number }
  /** Answers a manifest request with the manifest of another tag. */
  | { readonly type: "other-tag"; readonly tag: string }
  /** Sends at about this rate. */
  | { readonly type: "slow"; readonly bytesPerSecond: number };

export interface FaultSubject {
  readonly kind: RequestKind;
  readonly method: string;
  readonly path: string;
}

/** Whether a fault is about such a request. */
export function matches(target: FaultTarget, subject: FaultSubject): boolean {
  return (
    (target.kind === undefined || target.kind === subject.kind) &&
    (target.method === undefined || target.method === subject.method) &&
    (target.path === undefined || subject.path.includes(target.path))
  );
}
