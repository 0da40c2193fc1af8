import type { BundledImage, BundledModel } from "./models-json.ts";

interface Contents {
  readonly name: string;
  readonly platform: string;
  readonly images: readonly BundledImage[];
  readonly models: readonly BundledModel[];
}

/** README.txt: what the bundle is, and the way to use it with stock tools alone. */
export function readmeText({ name, platform, images, models }: Contents): string {
  const sections = [
    `${name}: Ollama for a machine without a network, packed by ollama-bundle.`,
    `MODELS.txt lists what is in it. The short way is the tool itself:\n\n    ollama-bundle verify FILE\n    ollama-bundle install ${images.length > 0 ? "" : "--models-in native --store DIR "}FILE`,
    "What follows does the same with stock tools, in this directory.",
    "Check every file:\n\n    sha256sum -c SHA256SUMS",
    ...(images.length > 0
      ? [`Load the image (${platform}):\n\n    tar -C image -c . | docker load`]
      : []),
    ...(images.length > 0 && models.length > 0 ? [BUILD_AND_RUN] : []),
    ...(models.length > 0 ? [NATIVE] : []),
  ];
  return `${sections.join("\n\n")}\n`;
}

const BUILD_AND_RUN = `Build an image with the models, run it, and look:

    docker build -f Dockerfile.models -t ollama-preloaded .
    docker run -d --name ollama --restart unless-stopped -p 127.0.0.1:11434:11434 ollama-preloaded
    docker exec -e OLLAMA_HOST=127.0.0.1:11434 ollama ollama list`;

const NATIVE = `Or give the models to an Ollama that is installed on this machine: stop it, copy models/blobs and then models/manifests
into its models directory (OLLAMA_MODELS, else ~/.ollama/models of the user that runs it), and start it again.`;
