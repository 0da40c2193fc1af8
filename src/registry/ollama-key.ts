import { type KeyObject, createPrivateKey, sign } from "node:crypto";
import { DefinitionError, messageOf } from "../core/errors.ts";
import { readSmallFile } from "../core/read-small-file.ts";

const MAX_KEY = 64 * 1024;
const MAGIC = "openssh-key-v1\0";
const KIND = "ssh-ed25519";
const PEM =
  /-----BEGIN OPENSSH PRIVATE KEY-----([A-Za-z0-9+/=\s]+)-----END OPENSSH PRIVATE KEY-----/;

/** The key that an Ollama has made for its machine, `~/.ollama/id_ed25519`: an account's registry knows its public half. */
export interface OllamaKey {
  /** Where it was found: `the key in "/root/.ollama/id_ed25519"`. */
  readonly from: string;
  /** The Authorization header for a request, as Ollama's `auth.Sign` writes it: the public key and a signature of this text. */
  authorization(text: string): string;
}

/** Reads a key. Throws {@link DefinitionError}, never with content of the file. */
export async function readOllamaKey(path: string): Promise<OllamaKey> {
  const { key, publicBlob } = parseKey(path, await contentOf(path));
  return {
    from: `the key in "${path}"`,
    authorization: (text) => {
      const signature = sign(null, Buffer.from(text), key);
      return `${publicBlob.toString("base64")}:${signature.toString("base64")}`;
    },
  };
}

async function contentOf(path: string): Promise<string> {
  try {
    return (await readSmallFile(path, MAX_KEY)).toString("latin1");
  } catch (error) {
    throw unusable(path, messageOf(error), "Check the path, and whether this user may read it.");
  }
}

/** https://github.com/openssh/openssh-portable/blob/master/PROTOCOL.key */
function parseKey(path: string, content: string): { key: KeyObject; publicBlob: Buffer } {
  const [, base64] = PEM.exec(content) ?? [];
  if (base64 === undefined) throw notAKey(path);
  const outer = new Fields(Buffer.from(base64, "base64"), MAGIC.length);
  if (!outer.startsWith(MAGIC)) throw notAKey(path);
  const cipher = String(outer.next());
  if (cipher !== "none") {
    const found = "it is locked with a passphrase";
    throw unusable(path, found, "Name the key that `ollama serve` made: it has no passphrase.");
  }
  outer.next(); // kdf
  outer.next(); // its options
  outer.skip(4); // number of keys
  const publicBlob = outer.next();
  const inner = new Fields(outer.next(), 8); // two check numbers
  const isEd25519 = String(inner.next()) === KIND;
  const [publicKey, privateKey] = [inner.next(), inner.next()];
  if (!isEd25519 || publicKey.length !== 32 || privateKey.length !== 64) throw notAKey(path);
  const [x, d] = [publicKey, privateKey.subarray(0, 32)].map((part) => part.toString("base64url"));
  const jwk = { kty: "OKP", crv: "Ed25519", x, d } as { [field: string]: string };
  return { key: createPrivateKey({ key: jwk, format: "jwk" }), publicBlob };
}

/** Length-prefixed fields (RFC 4251 §5, `string`); past the end they are empty. */
class Fields {
  readonly #bytes: Buffer;
  #at: number;

  constructor(bytes: Buffer, at: number) {
    this.#bytes = bytes;
    this.#at = at;
  }

  startsWith(magic: string): boolean {
    return this.#bytes.toString("latin1", 0, magic.length) === magic;
  }

  skip(bytes: number): void {
    this.#at += bytes;
  }

  next(): Buffer {
    const start = this.#at + 4;
    if (start > this.#bytes.length) return Buffer.alloc(0);
    this.#at = start + this.#bytes.readUInt32BE(start - 4);
    return this.#bytes.subarray(start, this.#at);
  }
}

function notAKey(path: string): DefinitionError {
  const found = "it is no private Ed25519 key in OpenSSH's format";
  return unusable(path, found, "Name the file that Ollama wrote, as a rule ~/.ollama/id_ed25519.");
}

function unusable(path: string, found: string, hint: string): DefinitionError {
  return new DefinitionError("USAGE", `Cannot use "${path}" as Ollama's key: ${found}`, { hint });
}
