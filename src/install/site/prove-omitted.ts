import { shortId } from "../../core/short-id.ts";
import type { SiteMustHold } from "../../bundle/delta/site-must-hold.ts";
import type { Delta, OmittedFile } from "../../bundle/models-json.ts";
import { HostError } from "../../core/errors.ts";
import { pathInStore } from "../model-paths.ts";

/** Something that a delta left out and this host does not have as it must be. */
export interface Unproven {
  /** For people: `blob sha256:… of …`. */
  readonly what: string;
  readonly how: "is not there" | "is damaged";
}

/** What a message calls a blob that was left out. */
export function omittedBlob({ sha256 }: OmittedFile, { blobs }: SiteMustHold): string {
  const { models = [] } = blobs.find((blob) => blob.sha256 === sha256) ?? {};
  const more = models.length > 3 ? ` and ${models.length - 3} more` : "";
  return `blob sha256:${sha256} of ${models.slice(0, 3).join(", ")}${more}`;
}

/** The problem that a delta relies on what is not there, by name. */
export function baseProblem(
  where: string,
  unproven: readonly Unproven[],
  { bundles }: Delta["base"],
): HostError {
  const list = unproven.map(({ what, how }) => `\n  ${what} ${how}`).join("");
  const earlier = bundles.map(({ name, id }) => `${name} (${shortId(id)})`).join(", ");
  const again = "or bring a bundle that was created without --since and --site";
  return new HostError(
    "BASE_MISSING",
    `it is a delta, and of what it leaves out this is not as it must be in ${where}:${list}`,
    {
      hint: `Install ${earlier === "" ? "what first brought it" : earlier} again, ${again}.`,
    },
  );
}

/**
 * The error for a blob that was left out and is gone now: an Ollama that starts in the middle of an installation deletes old
 * blobs whose manifests are not there yet. `where` is `the store "…"`.
 */
export function baseDisappeared(where: string, { path }: OmittedFile): HostError {
  return new HostError(
    "BASE_MISSING",
    `Cannot install into ${where}: "${pathInStore(path)}", which the bundle relies on, disappeared meanwhile`,
    { hint: "Bring a bundle that was created without --since and --site." },
  );
}
