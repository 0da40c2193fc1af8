import { copyFile, mkdir, rm, utimes } from "node:fs/promises";
import path from "node:path";
import { existingName } from "../store/list-manifests.ts";
import { namedLayers, readManifest } from "../store/manifest.ts";
import { parseModelName, pathOfName } from "../store/model-name.ts";
import { removeBlobsIfUnnamed } from "../store/prune-store.ts";
import { ApiError, modelNotFound } from "./api-error.ts";
import type { Call } from "./call.ts";
import { requireName } from "./find-model.ts";
import { requestBody, textField } from "./request-body.ts";
import { sendNothing } from "./respond.ts";

export async function answerCopy(call: Call): Promise<void> {
  const request = requestBody(call, "CopyRequest");
  const source = textField(request, "source");
  const destination = textField(request, "destination");
  const from = parseModelName(source);
  const to = parseModelName(destination);
  if (from === undefined) throw new ApiError(400, `source "${source}" is invalid`);
  if (to === undefined) throw new ApiError(400, `destination "${destination}" is invalid`);
  const existing = await existingName(call.settings.models, from);
  if (existing === undefined) throw new ApiError(404, `model "${source}" not found`);
  const manifests = path.join(call.settings.models, "manifests");
  const file = path.join(manifests, pathOfName(to));
  await mkdir(path.dirname(file), { recursive: true });
  await copyFile(path.join(manifests, pathOfName(existing)), file);
  await utimes(file, new Date(), new Date());
  sendNothing(call);
}

/** Removes the manifest, and those of its blobs that no other manifest names. */
export async function answerDelete(call: Call): Promise<void> {
  const { models } = call.settings;
  const { model: asked = "" } = requestBody(call, "DeleteRequest");
  const name = await existingName(models, requireName(asked));
  if (name === undefined) throw modelNotFound(asked);
  const digests = namedLayers(await readManifest(models, name)).map((layer) => layer.digest);
  await rm(path.join(models, "manifests", pathOfName(name)));
  await removeBlobsIfUnnamed(models, digests);
  sendNothing(call);
}
