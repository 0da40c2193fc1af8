import { formatCount } from "../../core/format-count.ts";
import type { CreatePlan } from "../../source/create-plan.ts";
import { TOOL } from "../../core/tool.ts";
import type { SiteFile } from "./site-file.ts";

/** While an engine loads an image it spools the whole stream before it unpacks it. */
const LOAD_FACTOR = 2;
const OLLAMA_PORT = 11_434;

/** Everything in a site file that would make the installation of a bundle fail there, a sentence each. */
export function siteWarnings(site: SiteFile, plan: CreatePlan): string[] {
  return [
    ...platformWarnings(site, plan),
    ...spaceWarnings(site, plan),
    ...memoryWarnings(site, plan),
    ...portWarnings(site),
    ...toolWarnings(site),
  ];
}

function platformWarnings({ engine }: SiteFile, { platform, items }: CreatePlan): string[] {
  if (engine === undefined || engine.platform === platform) return [];
  if (!items.some(({ kind }) => kind === "image")) return [];
  return [
    `The image is for ${platform}, and the site's engine runs ${engine.platform}: pack another with --platform ${engine.platform}`,
  ];
}

/** What is not known is not counted. */
function spaceWarnings({ free, engine, modelsIn }: SiteFile, { toInstall }: CreatePlan): string[] {
  const image = (toInstall.image ?? 0) * LOAD_FACTOR;
  const { models } = toInstall;
  // The engine's own place has both: the image's layers, and volumes.
  const isShared = modelsIn === "volume" && engine?.imageStore === "classic";
  const needs = isShared
    ? [{ what: "image and models", needed: image + models, has: free.images ?? free.models }]
    : [
        { what: "image", needed: engine === undefined ? 0 : image, has: free.images },
        { what: "models", needed: models, has: free.models },
      ];
  return needs.flatMap(({ what, needed, has = Infinity }) =>
    needed <= has
      ? []
      : [
          `The site has too little space for the ${what}: ${formatCount(needed)} bytes are needed, ${formatCount(has)} were free`,
        ],
  );
}

function memoryWarnings({ host, engine }: SiteFile, plan: CreatePlan): string[] {
  const has = engine?.memory || host.memory;
  const { memory = 0 } = plan.site;
  if (memory <= has) return [];
  return [
    `The largest model takes about ${formatCount(memory)} bytes of memory, and the site has ${formatCount(has)}: without a large GPU it will not run`,
  ];
}

function portWarnings({ modelsIn, host }: SiteFile): string[] {
  if (modelsIn === "native" || !host.takenPorts.includes(OLLAMA_PORT)) return [];
  return [
    `Port ${OLLAMA_PORT} is taken at the site: stop what has it, or install with --publish and another one`,
  ];
}

function toolWarnings({ tool }: SiteFile): string[] {
  if (tool.name === TOOL.name && tool.version === TOOL.version) return [];
  return [
    `The site has ${tool.name} ${tool.version}, and this is ${TOOL.version}: carry this one along`,
  ];
}
