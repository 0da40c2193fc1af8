/** As whom a registry was asked, for messages. */
export interface Asked {
  /** `with the login in "/root/.docker/config.json"`, `without a login` and what was looked at. */
  readonly how: string;
  readonly hasLogin: boolean;
  /** What to do where the registry refuses that. */
  readonly ifRefused: string;
}

/** What a registry is shown. */
export interface Authorization {
  /** The Authorization header; missing where it is asked as anybody. */
  readonly header?: string | undefined;
  readonly asked: Asked;
}

/** What each repository is shown, until it refuses it. Those who need something new at the same time get the same. */
export class Authorizations {
  readonly #known = new Map<string, Promise<Authorization>>();

  async current(repository: string): Promise<Authorization | undefined> {
    return this.#known.get(repository)?.catch(() => undefined);
  }

  /** Another one than `refused`, or that again where there is nothing else to show. */
  async renew(
    repository: string,
    refused: Authorization,
    fetch: () => Promise<Authorization>,
  ): Promise<Authorization> {
    const known = this.#known.get(repository);
    if (known !== undefined && (await known.catch(() => refused)).header !== refused.header)
      return known;
    if (this.#known.get(repository) !== known) return this.renew(repository, refused, fetch);
    const fresh = fetch();
    this.#known.set(repository, fresh);
    return fresh;
  }
}
