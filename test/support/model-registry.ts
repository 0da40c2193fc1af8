import { answer, answerStorage, type RegistryState } from "./model-registry/answer.ts";
import type { Fault } from "./model-registry/fault.ts";
import { FaultPlan } from "./model-registry/fault-plan.ts";
import { type Listener, listen } from "./model-registry/listen.ts";
import { type LoggedRequest, RequestLog } from "./model-registry/request-log.ts";
import { serveExchange } from "./model-registry/serve-exchange.ts";
import { TokenGate, type TokenOptions } from "./model-registry/token-gate.ts";

export type { Fault } from "./model-registry/fault.ts";
export type { LoggedRequest } from "./model-registry/request-log.ts";

export interface ModelRegistryOptions {
  /** An Ollama models directory; read on every request. */
  readonly store: string;
  /** The directory below `manifests/` that is served; default "registry.ollama.ai". */
  readonly storeHost?: string;
  /**
   * How blobs are answered: with a Location header, which Ollama needs (the
   * default); without, as a stock registry does; or by redirecting to storage on
   * another host and port that needs no token, as registry.ollama.ai does.
   */
  readonly blobs?: "location" | "plain" | "redirect";
  /** Asks for a bearer token, which the registry's `/token` gives to everybody. */
  readonly token?: TokenOptions;
  /** Answers 412 to Ollamas that are older. */
  readonly minimumOllama?: string;
  readonly faults?: readonly Fault[];
  /** Decides what is random in the faults. */
  readonly seed?: number;
  readonly listenHost?: string;
  readonly port?: number;
  readonly tls?: { readonly key: string; readonly cert: string };
}

export interface ModelRegistry extends AsyncDisposable {
  /** "http://127.0.0.1:12345" */
  readonly url: string;
  /** "127.0.0.1:12345", as it stands in a model's name. */
  readonly host: string;
  readonly requests: readonly LoggedRequest[];
  /** How many requests each fault has harmed. */
  readonly faultCounts: readonly number[];
  setFaults(faults: readonly Fault[]): void;
  forgetRequests(): void;
  /** Resolves as soon as the requests so far satisfy the condition. */
  until(condition: (requests: readonly LoggedRequest[]) => boolean): Promise<void>;
}

const VERSION_HEADER = ["Docker-Distribution-Api-Version", "registry/2.0"] as const;

/** Serves an Ollama store as a model registry over real HTTP, with faults on demand. */
export async function startModelRegistry(options: ModelRegistryOptions): Promise<ModelRegistry> {
  const { store, listenHost = "127.0.0.1", port = 0, blobs = "location", tls } = options;
  await using servers = new AsyncDisposableStack();
  const log = new RequestLog();
  const faults = new FaultPlan(options.seed ?? 1, options.faults ?? []);
  const start = async (serve: Parameters<typeof serveExchange>[2], at: number) =>
    servers.use(
      await listen(
        (request, response) => {
          response.setHeader(...VERSION_HEADER);
          if (blobs !== "plain") response.setHeader("Location", "#");
          return serveExchange({ request, response }, { faults, log }, serve);
        },
        { host: listenHost, port: at, tls },
      ),
    );

  const urlOf = (host: string, { port: at }: Listener) =>
    `${tls === undefined ? "http" : "https"}://${host}:${at}`;
  const storage =
    blobs === "redirect" ? await start((exchange) => answerStorage(exchange, store), 0) : undefined;
  const registry = await start((exchange) => answer(exchange, state), port);
  const url = urlOf(listenHost, registry);
  const state: RegistryState = {
    store,
    storeHost: options.storeHost ?? "registry.ollama.ai",
    minimumOllama: options.minimumOllama,
    url,
    // Another host name than the registry's: clients must not take the token along.
    storageUrl: storage && urlOf("localhost", storage),
    tokens: options.token && new TokenGate(options.token),
  };

  const running = servers.move();
  return {
    url,
    host: `${listenHost}:${registry.port}`,
    get requests() {
      return log.requests;
    },
    get faultCounts() {
      return faults.counts;
    },
    setFaults: (replacement) => faults.replace(replacement),
    forgetRequests: () => log.forget(),
    until: (condition) => log.until(condition),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}
