import type { SourceError } from "../core/errors.ts";

interface Explanation {
  readonly code: SourceError["code"];
  readonly hint: string;
  /** Whether another try may go well. */
  readonly mayPass: boolean;
}

const NO_PULL = "take the models without --pull-with";

/** Ollama has no error codes: its words are all there is. Recorded from 0.24. */
const EXPLANATIONS: readonly (Explanation & { readonly pattern: RegExp })[] = [
  {
    pattern: /file does not exist/,
    code: "NOT_FOUND",
    hint: "Check the name and the tag, as `ollama pull` takes them.",
    mayPass: false,
  },
  {
    pattern: /: 412: |requires a newer version/,
    code: "NEWER_OLLAMA_NEEDED",
    hint: "Pack a newer image with --image ollama/ollama:VERSION: it is the one that pulls.",
    mayPass: false,
  },
  {
    pattern: /HTTP response to HTTPS client/,
    code: "REFUSED",
    hint: "If this registry is to be asked over plain HTTP, name its host with --insecure-registry.",
    mayPass: false,
  },
  {
    pattern: /x509: |certificate/,
    code: "REFUSED",
    hint: `The Ollama in the container trusts the authorities of its image alone: ${NO_PULL}, where --ca counts.`,
    mayPass: false,
  },
  {
    pattern: /no Location header/,
    code: "REFUSED",
    hint: `Ollama pulls from a registry that says in a Location header where a blob is: have it send one, or ${NO_PULL}.`,
    mayPass: false,
  },
  {
    pattern: /: 40[13]: |unauthorized|invalid model name/,
    code: "REFUSED",
    hint: `Ollama shows a key of its own, and no login: ${NO_PULL}, where logins count.`,
    mayPass: false,
  },
  {
    pattern: /digest mismatch/,
    code: "WRONG_CONTENT",
    hint: "What is on the way or the registry itself changes bytes: use another one, or another way to it.",
    mayPass: true,
  },
  {
    pattern: /no space left on device/,
    code: "INCOMPLETE",
    hint: "Free some space where the engine has its volumes.",
    mayPass: false,
  },
];

const UNKNOWN: Explanation = {
  code: "UNREACHABLE",
  hint: "Check that containers of this engine reach the registry: HTTPS_PROXY and NO_PROXY are handed to them, and 127.0.0.1 is the container itself there.",
  mayPass: true,
};

/** What to do about a pull that failed with these words of Ollama's. */
export function explainPullError(text: string): Explanation {
  return EXPLANATIONS.find(({ pattern }) => pattern.test(text)) ?? UNKNOWN;
}
