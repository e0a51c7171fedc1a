import { createPrivateKey } from 'node:crypto';

/** Octets of a private key that must not be found next to each other. */
const RUN = 16;

/** The private numbers of a key: those that its public key has not. */
const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi'] as const;

/**
 * Finds any run of 16 octets of given private keys: as they are, in hex, and in base64 at any alignment, through PEM, JSON, YAML
 * and folded lines, up to three layers deep.
 */
export class PrivateKeyScanner {
  /** Each run, as Latin-1 text, to the number of its key. */
  readonly #runs = new Map<string, number>();

  constructor(keys: readonly string[]) {
    for (const [index, pem] of keys.entries()) {
      const jwk = createPrivateKey(pem).export({ format: 'jwk' }) as Record<string, string>;
      for (const member of PRIVATE_MEMBERS) {
        const secret = Buffer.from(jwk[member] ?? '', 'base64url').toString('latin1');
        for (let at = 0; at + RUN <= secret.length; at += 1) {
          this.#runs.set(secret.slice(at, at + RUN), index);
        }
      }
    }
  }

  /** Numbers of the keys of which `content` has a run. */
  scan(content: Uint8Array): number[] {
    const found = new Set<number>();
    let layer: Buffer[] = [Buffer.from(content)];
    for (let depth = 0; depth <= 3; depth += 1) {
      for (const octets of layer) this.#search(octets.toString('latin1'), found);
      layer = layer.flatMap(decodings);
    }
    return [...found].sort((a, b) => a - b);
  }

  #search(text: string, found: Set<number>): void {
    for (let at = 0; at + RUN <= text.length; at += 1) {
      const key = this.#runs.get(text.slice(at, at + RUN));
      if (key !== undefined) found.add(key);
    }
  }
}

/** All that `octets` may mean as encoded text: each run of base64 at its four alignments, each run of hex at its two. */
function decodings(octets: Buffer): Buffer[] {
  const text = octets.toString('latin1');
  // lines as they are; without breaks, escaped breaks, indentation and PEM's own lines; and without colons
  const joined = text
    .replaceAll(/-----(?:BEGIN|END) [A-Z ]+-----/gu, ' ')
    .replaceAll(/(?:\\[nr]|\s)+/gu, '')
    .replaceAll('-', '+')
    .replaceAll('_', '/');
  const base64 = [
    ...runsOf(text, /[A-Za-z0-9+/]{22,}/gu),
    ...runsOf(joined, /[A-Za-z0-9+/]{22,}/gu),
  ];
  const hex = [text, joined, joined.replaceAll(':', '')].flatMap((form) =>
    runsOf(form, /[0-9A-Fa-f]{32,}/gu),
  );
  return [...new Set(base64.flatMap((run) => [0, 1, 2, 3].map((skip) => run.slice(skip))))]
    .map((run) => Buffer.from(run, 'base64'))
    .concat(
      [...new Set(hex.flatMap((run) => [run, run.slice(1)]))].map((run) => Buffer.from(run, 'hex')),
    );
}

function runsOf(text: string, pattern: RegExp): string[] {
  return text.match(pattern) ?? [];
}
