import { answerBlobHead, answerBlobPost } from "../api/blobs.ts";
import type { Handler } from "../api/call.ts";
import { answerChat, answerOpenAiChat } from "../api/chat.ts";
import { answerCopy, answerDelete } from "../api/copy-and-delete.ts";
import { answerEmbed, answerEmbeddings } from "../api/embed.ts";
import { answerGenerate } from "../api/generate.ts";
import { answerPs } from "../api/ps.ts";
import { answerPull } from "../api/pull.ts";
import { sendJson, sendText } from "../api/respond.ts";
import { answerShow } from "../api/show.ts";
import { answerOpenAiModels, answerTags } from "../api/tags.ts";

type Route = Readonly<Record<string, Handler>>;

const answerRoot: Handler = (call) => sendText(call, "Ollama is running");
const answerVersion: Handler = (call) => sendJson(call, { version: call.settings.version });
const answerStatus: Handler = (call) => {
  const { noCloud } = call.settings;
  sendJson(call, { cloud: { disabled: noCloud, source: noCloud ? "env" : "none" } });
};

const ROUTES: Readonly<Record<string, Route>> = {
  "/": { GET: answerRoot, HEAD: answerRoot },
  "/api/version": { GET: answerVersion, HEAD: answerVersion },
  "/api/tags": { GET: answerTags, HEAD: answerTags },
  "/api/status": { GET: answerStatus },
  "/api/ps": { GET: answerPs },
  "/api/show": { POST: answerShow },
  "/api/generate": { POST: answerGenerate },
  "/api/chat": { POST: answerChat },
  "/api/embed": { POST: answerEmbed },
  "/api/embeddings": { POST: answerEmbeddings },
  "/api/pull": { POST: answerPull },
  "/api/copy": { POST: answerCopy },
  "/api/delete": { DELETE: answerDelete },
  "/v1/models": { GET: answerOpenAiModels },
  "/v1/chat/completions": { POST: answerOpenAiChat },
};
const BLOB_ROUTE: Route = { HEAD: answerBlobHead, POST: answerBlobPost };

/** Who answers such a request; a plain text where nobody does. */
export function handlerFor(method: string, path: string): Handler {
  const route = path.startsWith("/api/blobs/") ? BLOB_ROUTE : ROUTES[path];
  if (route === undefined) return (call) => sendText(call, "404 page not found", 404);
  return (
    route[method] ??
    ((call) => {
      call.response.setHeader("Allow", Object.keys(route).join(", "));
      sendText(call, "405 method not allowed", 405);
    })
  );
}
