import { bech32 } from '@scure/base';

/**
 * The octets of a Bech32 text (BIP 173, without its limit of 90 characters, as age reads it); undefined
 * where prefix, characters, checksum or padding are wrong.
 */
export function decodeBech32(text: string, prefix: string): Uint8Array | undefined {
  const decoded = bech32.decodeUnsafe(text, false);
  if (decoded?.prefix !== prefix.toLowerCase() || !text.startsWith(`${prefix}1`)) return undefined;
  return bech32.fromWordsUnsafe(decoded.words) ?? undefined;
}
