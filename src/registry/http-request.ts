export interface HttpRequest {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  /** Posted. */
  readonly form?: URLSearchParams | undefined;
  /** The host that led to this address, where it is another one. */
  readonly ledBy?: string | undefined;
}
