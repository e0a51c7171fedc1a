const IDENTITY = /AGE-SECRET-KEY-(?:PQ-)?1[A-Z0-9]+/giu;
const PRIVATE_KEY =
  /-----BEGIN [A-Z ]*PRIVATE KEY-----[^]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/gu;

/**
 * A text for people without what opens files, should somebody have put that where a name belongs: the last line of defence, behind
 * messages that hold no such thing by themselves.
 */
export function withoutSecrets(text: string): string {
  return text
    .replaceAll(IDENTITY, '(an age identity, left out)')
    .replaceAll(PRIVATE_KEY, '(a private key, left out)');
}
