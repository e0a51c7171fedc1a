import { PkiError } from '../errors.ts';

/** Shorter values may stand in a ciphertext by chance. */
const SHORTEST = 20;

/** What a PEM private key and an age identity cannot be without. */
const PRIVATE_TEXTS = ['PRIVATE KEY-----', 'AGE-SECRET-KEY-1'];

/** The same as base64, by the three ways their first octet can fall. */
const ENCODED = PRIVATE_TEXTS.flatMap((text) =>
  [0, 1, 2].map((shift) => {
    const encoded = Buffer.from(`${'\0'.repeat(shift)}${text}`).toString('base64');
    return encoded.slice([0, 2, 3][shift], Math.floor(((text.length + shift) * 8) / 6));
  }),
);

const MARKS = [...PRIVATE_TEXTS, ...ENCODED];

/**
 * The last look at what is written: it must hold no private key in the clear, wherever that came from, and none of `values`.
 *
 * @throws PkiError `ERR_ENCRYPT`.
 */
export function refusePlaintext(path: string, content: string, values: readonly string[]): void {
  if (MARKS.some((mark) => content.includes(mark))) {
    throw new PkiError('ERR_ENCRYPT', `"${path}" would hold a private key in the clear`, {
      hint: 'declare it as a credential, or put it into the data of a Secret; nothing was written',
    });
  }
  for (const value of values) {
    const longest = value.split('\n').reduce((a, b) => (b.length > a.length ? b : a), '');
    if (longest.length < SHORTEST || !content.includes(longest)) continue;
    throw new PkiError('ERR_ENCRYPT', `a private value of "${path}" would be written unencrypted`, {
      hint: 'report this as a bug; nothing was written',
    });
  }
}
