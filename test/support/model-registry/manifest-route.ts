import path from "node:path";
import type { Exchange } from "./exchange.ts";
import { sendRegistryError } from "./registry-error.ts";
import { bufferContent, sendBody, sendText } from "./send-body.ts";
import { digestOf, readManifest, type Repository } from "./store-files.ts";

export interface ManifestSource {
  readonly store: string;
  /** The directory below `manifests/` that this registry serves. */
  readonly storeHost: string;
  /** Clients that are older, or no Ollama at all, get a 412. */
  readonly minimumOllama: string | undefined;
}

const DOCKER_V2 = "application/vnd.docker.distribution.manifest.v2+json";
const OCI = "application/vnd.oci.image.manifest.v1+json";

const NEWER_VERSION_NEEDED =
  "\nThe model you are attempting to pull requires a newer version of Ollama.\n\n" +
  "Please download the latest version at:\n\n\thttps://ollama.com/download\n\n";

/** `/v2/<namespace>/<model>/manifests/<tag or digest>` */
export async function answerManifest(
  exchange: Exchange,
  source: ManifestSource,
  wanted: { readonly repository: Repository; readonly reference: string },
): Promise<void> {
  const { effect } = exchange;
  if (isTooOld(exchange.request.headers["user-agent"], source.minimumOllama)) {
    const head = { status: 412, headers: { "Content-Type": "text/plain; charset=utf-8" } };
    return sendText(exchange, head, NEWER_VERSION_NEEDED);
  }
  const reference = effect?.type === "other-tag" ? effect.tag : wanted.reference;
  const manifests = path.join(source.store, "manifests", source.storeHost);
  const bytes = await readManifest(manifests, wanted.repository, reference);
  if (bytes === undefined) {
    const detail = { Tag: reference };
    const error = { status: 404, code: "MANIFEST_UNKNOWN", message: "manifest unknown", detail };
    return sendRegistryError(exchange, error);
  }
  return sendManifest(exchange, bytes);
}

function sendManifest(exchange: Exchange, bytes: Buffer): Promise<void> {
  const mediaType = mediaTypeOf(bytes);
  const accepted = (exchange.request.headers.accept ?? "").split(",").map((type) => type.trim());
  if (!accepted.includes(mediaType)) return refuseAccept(exchange, mediaType);
  const digest = digestOf(bytes);
  const headers = {
    "Content-Type": mediaType,
    "Docker-Content-Digest": digest,
    Etag: `"${digest}"`,
  };
  return sendBody(
    exchange,
    { status: 200, headers },
    { content: bufferContent(bytes), range: { start: 0, end: bytes.length } },
  );
}

/** As docker-registry 2.8.2 refuses: an OCI manifest as unknown, another one as invalid. */
function refuseAccept(exchange: Exchange, mediaType: string): Promise<void> {
  if (mediaType === OCI) {
    const message = "OCI manifest found, but accept header does not support OCI manifests";
    return sendRegistryError(exchange, { status: 404, code: "MANIFEST_UNKNOWN", message });
  }
  const message = "manifest invalid";
  return sendRegistryError(exchange, {
    status: 400,
    code: "MANIFEST_INVALID",
    message,
    detail: {},
  });
}

function mediaTypeOf(manifest: Buffer): string {
  const mediaType = /"mediaType"\s*:\s*"([^"]+)"/.exec(manifest.toString("utf8"))?.[1];
  return mediaType === OCI ? OCI : DOCKER_V2;
}

function isTooOld(userAgent: string | undefined, minimum: string | undefined): boolean {
  if (minimum === undefined) return false;
  const version = /^ollama\/(\d+\.\d+\.\d+)/.exec(userAgent ?? "")?.[1] ?? "0.0.0";
  return version.localeCompare(minimum, "en", { numeric: true }) < 0;
}
