/** What a registry is shown by who has an account there. It is never put into a message. */
export type RegistrySecret =
  | { readonly kind: "password"; readonly username: string; readonly password: string }
  /** Exchanged for a token where the registry says: https://distribution.github.io/distribution/spec/auth/oauth/ */
  | { readonly kind: "identityToken"; readonly token: string }
  /** Shown to the registry itself. */
  | { readonly kind: "registryToken"; readonly token: string };
