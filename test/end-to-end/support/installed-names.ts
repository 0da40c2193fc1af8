import { uniqueName } from "../../support/built-image.ts";
import type { EngineState } from "./docker-host.ts";

export interface InstalledNames {
  readonly container: string;
  readonly volume: string;
  readonly tag: string;
  /** The options of `bundle install` that give them. */
  readonly options: readonly string[];
  /** Everything that an installation of this bundle makes on an engine. */
  on(bundleName: string): Partial<EngineState>;
}

/** Names that no other test has; `--volume` is an option in `volume` mode alone. */
export function installedNames(modelsIn = "image"): InstalledNames {
  const name = uniqueName();
  const [container, volume, tag] = [`ollama-${name}`, `models-${name}`, `preloaded:${name}`];
  const volumeOption = modelsIn === "volume" ? ["--volume", volume] : [];
  return {
    container,
    volume,
    tag,
    options: ["--container", container, "--tag", tag, ...volumeOption],
    on: (bundleName) => ({
      containers: [container],
      images: [tag, `ollama-bundle.local/${bundleName}`],
      volumes: [volume],
    }),
  };
}
