import { encodeModelsJson } from "../../src/bundle/models-json.ts";
import type { ModelsJson } from "../../src/bundle/models-json.ts";
import { type Layout, type Segment, layoutOf } from "../../src/bundle/layout.ts";

/** The same bundle with another MODELS.json, and everything that follows from it; its files keep their content. */
export function rewrittenBundle(bundle: Buffer, change: (of: ModelsJson) => ModelsJson): Buffer {
  const manifest = modelsJsonOf(bundle);
  const changed = change(manifest);
  const before = layoutOf(manifest, encodeModelsJson(manifest));
  const after = layoutOf(changed, encodeModelsJson(changed));
  return Buffer.concat(
    after.segments.map((segment, at) =>
      bytesOf(segment, after, { before: before.segments[at], bundle }),
    ),
  );
}

function bytesOf(
  segment: Segment,
  { trailing }: Layout,
  { before, bundle }: { readonly before: Segment | undefined; readonly bundle: Buffer },
): Buffer {
  if (segment.kind === "literal") return segment.bytes();
  const own = trailing.find(({ path }) => path === segment.file.path);
  if (own !== undefined) return own.member(segment.index);
  if (before === undefined) throw new Error("the layouts differ");
  return bundle.subarray(before.offset, before.offset + before.length);
}

function modelsJsonOf(bundle: Buffer): ModelsJson {
  const start = bundle.indexOf('{"schemaVersion":1,"name"');
  return JSON.parse(bundle.toString("utf8", start, bundle.indexOf("\n", start)));
}
