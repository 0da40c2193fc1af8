import { dirname, relative, resolve } from "node:path";
import type { ESTree, Plugin } from "@oxlint/plugins";

/** The phases of the work, in the order in which data passes them. */
const PHASES = ["definition", "source", "staging", "bundle", "install", "health"];

/** What each phase may run of the other phases; of the earlier ones that it may not run, it may have the types. */
const MAY_RUN: Readonly<Record<string, readonly string[]>> = {
  source: ["staging"],
  install: ["bundle"],
};

/** From the top to the bottom. Code imports from further down only; `main` is main.ts, `use-case` is src/*.ts. */
const LAYERS = [
  ["main"],
  ["index"],
  ["cli"],
  ["use-case"],
  PHASES,
  ["registry", "engine", "ollama"],
  ["core"],
];

const OFFLINE_USE_CASES =
  /^(?:(?:verify|inspect|rewrite|repair|copy)-bundle|install-[a-z-]+|inventory-site|check-health)\.ts$/;
const OFFLINE_PHASES = ["install", "health"];
const CONNECTED = ["registry", "source", "staging"];

/** Who may import a library: a folder or one file of src. */
const LIBRARY_OWNERS: Readonly<Record<string, string>> = {
  dockerode: "engine/",
  "tar-stream": "core/tar.ts",
  commander: "cli/",
  "cli-progress": "cli/",
  "p-retry": "core/retry.ts",
  yaml: "definition/",
  "node:http": "core/node-http.ts",
  "node:https": "core/node-http.ts",
  "node:tls": "core/node-http.ts",
};

interface Place {
  /** Relative to src. */
  readonly file: string;
  readonly area: string;
}

/** One import: the file that has it, what it names, and whether only types come over. */
interface Import {
  readonly from: Place;
  readonly specifier: string;
  readonly typesOnly: boolean;
}

/** The folders, phases and libraries of src, as src/README.md describes them. */
const boundaries: Plugin = {
  meta: { name: "boundaries" },
  rules: {
    imports: {
      create(context) {
        const src = resolve(context.cwd, "src");
        const from = placeOf(src, context.filename);
        if (!from) return {};

        function check(node: ESTree.Node, source: unknown, kind: string | undefined): void {
          const specifier = literalText(source);
          if (!from || specifier === undefined) return;
          const message = objectionTo({ from, specifier, typesOnly: kind === "type" }, src);
          if (message !== undefined) context.report({ node, message });
        }

        return {
          ImportDeclaration: (node) => check(node, node.source, node.importKind),
          ExportNamedDeclaration: (node) => check(node, node.source, node.exportKind),
          ExportAllDeclaration: (node) => check(node, node.source, node.exportKind),
          ImportExpression: (node) => check(node, node.source, "value"),
          TSImportType: (node) => check(node, node.source, "type"),
        };
      },
    },
  },
};

export default boundaries;

function objectionTo(found: Import, src: string): string | undefined {
  if (!found.specifier.startsWith(".")) return libraryObjection(found);
  const target = resolve(src, dirname(found.from.file), found.specifier);
  const to = placeOf(src, target);
  return to ? folderObjection(found, to) : outsideObjection(relative(dirname(src), target));
}

function libraryObjection({ from, specifier, typesOnly }: Import): string | undefined {
  if (specifier.startsWith("node:") && typesOnly) return undefined;
  const library = Object.keys(LIBRARY_OWNERS).find(
    (name) => specifier === name || specifier.startsWith(`${name}/`),
  );
  const owner = library && LIBRARY_OWNERS[library];
  if (!owner || from.file.startsWith(owner)) return undefined;
  return `"${library}" belongs to src/${owner}: use what that exports, or add there what is missing.`;
}

function outsideObjection(target: string): string | undefined {
  if (!/^(?:test|scripts)\//.test(target)) return undefined;
  return `src never imports "${target}": it is not in the package. Move what src needs into src.`;
}

function folderObjection({ from, typesOnly }: Import, to: Place): string | undefined {
  if (from.area === to.area) return offlineObjection(from, to);
  return (
    offlineObjection(from, to) ?? phaseObjection(from, to, typesOnly) ?? layerObjection(from, to)
  );
}

function offlineObjection(from: Place, to: Place): string | undefined {
  if (!isOffline(from)) return undefined;
  if (from.area === "use-case" && to.area === "use-case" && !isOffline(to)) {
    return `"${from.file}" runs where there is no network and never imports "${to.file}": move what both need into the folder that owns it.`;
  }
  if (!CONNECTED.includes(to.area)) return undefined;
  return `"${from.file}" runs where there is no network and never imports "${to.area}": move what both halves need to src/core, or to src/bundle.`;
}

function isOffline({ area, file }: Place): boolean {
  return OFFLINE_PHASES.includes(area) || OFFLINE_USE_CASES.test(file);
}

function phaseObjection(from: Place, to: Place, typesOnly: boolean): string | undefined {
  if (from.area === "bundle" && to.area === "registry") {
    return `"bundle" reads what was staged and never imports "registry": let a source in src/source fetch it.`;
  }
  if (!PHASES.includes(from.area) || !PHASES.includes(to.area)) return undefined;
  if (MAY_RUN[from.area]?.includes(to.area)) return undefined;
  const isEarlier = PHASES.indexOf(to.area) < PHASES.indexOf(from.area);
  if (isEarlier && typesOnly) return undefined;
  return isEarlier
    ? `"${from.area}" may have types of the earlier phase "${to.area}", never its code: use "import type", and let the use case in src/*.ts call that code and hand over what it returns.`
    : `"${from.area}" comes before "${to.area}" and knows nothing of it: let the use case in src/*.ts call both, or move what both need to src/core.`;
}

function layerObjection(from: Place, to: Place): string | undefined {
  const [above, below] = [layerOf(from), layerOf(to)];
  if (above < below || (PHASES.includes(from.area) && PHASES.includes(to.area))) return undefined;
  return above === below
    ? `"${from.area}" and "${to.area}" do not know each other: let the code that uses both pass values between them.`
    : `"${from.area}" is below "${to.area}" and never imports it: hand the value in as a parameter, or move what both need further down.`;
}

function layerOf({ area }: Place): number {
  return LAYERS.findIndex((areas) => areas.includes(area));
}

function placeOf(src: string, path: string): Place | undefined {
  const file = relative(src, path).replaceAll("\\", "/");
  if (file.startsWith("../")) return undefined;
  const [folder = "", inFolder] = file.split("/");
  if (inFolder !== undefined) return { file, area: folder };
  return {
    file,
    area: /^(?:main|index)\.ts$/.test(file) ? file.slice(0, -".ts".length) : "use-case",
  };
}

function literalText(node: unknown): string | undefined {
  const { value } = (node ?? {}) as { readonly value?: unknown };
  return typeof value === "string" ? value : undefined;
}
