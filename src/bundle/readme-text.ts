import type { BundledImage, BundledModel, Delta } from "./models-json.ts";

interface Contents {
  readonly name: string;
  readonly platform: string;
  readonly images: readonly BundledImage[];
  readonly models: readonly BundledModel[];
  readonly delta?: Delta | undefined;
}

/** README.txt: what the bundle is, and the way to use it with stock tools alone. */
export function readmeText({ name, platform, images, models, delta }: Contents): string {
  const option = installOption(images.length > 0, delta !== undefined);
  const sections = [
    `${name}: Ollama for a machine without a network, packed by ollama-bundle.`,
    `MODELS.txt lists what is in it. The short way is the tool itself:\n\n    ollama-bundle verify FILE\n    ollama-bundle install ${option}FILE`,
    ...(delta === undefined ? [] : [DELTA]),
    "What follows does the same with stock tools, in this directory.",
    "Check every file:\n\n    sha256sum -c SHA256SUMS",
    ...(images.length > 0 && delta === undefined
      ? [`Load the image (${platform}):\n\n    tar -C image -c . | docker load`]
      : []),
    ...(images.length > 0 && models.length > 0 && delta === undefined ? [BUILD_AND_RUN] : []),
    ...(models.length > 0 ? [NATIVE] : []),
  ];
  return `${sections.join("\n\n")}\n`;
}

/** A delta goes where models are kept apart from the image. */
function installOption(hasImage: boolean, isDelta: boolean): string {
  if (!hasImage) return "--models-in native --store DIR ";
  return isDelta ? "--models-in volume " : "";
}

const DELTA = `This is a delta: it leaves out what the machine without a network has already. The end of MODELS.txt lists what that is;
the tool proves that it is there, and whole, before it changes anything.`;

const BUILD_AND_RUN = `Build an image with the models, run it, and look:

    docker build -f Dockerfile.models -t ollama-preloaded .
    docker run -d --name ollama --restart unless-stopped -p 127.0.0.1:11434:11434 ollama-preloaded
    docker exec -e OLLAMA_HOST=127.0.0.1:11434 ollama ollama list`;

const NATIVE = `Or give the models to an Ollama that is installed on this machine: stop it, copy models/blobs and then models/manifests
into its models directory (OLLAMA_MODELS, else ~/.ollama/models of the user that runs it), and start it again.`;
