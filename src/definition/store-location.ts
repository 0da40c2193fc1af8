import { DefinitionError } from "../core/errors.ts";

/** An existing Ollama store that models are taken from: a directory of this host, or in an engine's volume or container. */
export interface StoreLocation {
  readonly kind: "directory" | "volume" | "container";
  /** The directory's path, or the name that the engine knows. */
  readonly name: string;
}

const IN_ENGINE = /^(?<kind>volume|container):(?<name>.*)$/s;
/** As engines name volumes and containers. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]*$/;

/** Reads `DIR`, `volume:NAME` or `container:NAME`. Throws {@link DefinitionError}. */
export function parseStoreLocation(text: string): StoreLocation {
  if (text === "")
    throw unreadable(text, "it is empty, expected a directory, volume:NAME or container:NAME");
  const { kind, name = "" } = IN_ENGINE.exec(text)?.groups ?? {};
  if (kind === undefined) return { kind: "directory", name: text };
  if (!isNameInEngine(name))
    throw unreadable(text, `expected the name of a ${kind} after "${kind}:"`);
  return { kind: kind as StoreLocation["kind"], name };
}

/** Whether engines take it as the name of a volume or a container. */
export function isNameInEngine(name: string): boolean {
  return NAME.test(name);
}

function unreadable(text: string, found: string): DefinitionError {
  return new DefinitionError("USAGE", `Cannot use "${text}" as a model store: ${found}`, {
    hint: "Write it as in --from-store ~/.ollama/models, --from-store volume:ollama or --from-store container:ollama; a directory of such a name is ./volume:…",
  });
}
