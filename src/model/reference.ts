import type { CredentialPath } from './names.ts';

/**
 * What a reference stands for. `privateKey` and `content` (of a kubeconfig) are private material. `crl` is a whole file of a node
 * bundle, which is left out until its authority has revoked something.
 */
export type ReferencePart =
  'certificate' | 'trustBundle' | 'publicKeys' | 'privateKey' | 'content' | 'crl';

/** `der` is for `crl` alone. */
export type ReferenceForm = 'pem' | 'base64' | 'der';

export interface ReferenceToken {
  readonly credential: CredentialPath;
  readonly part: ReferencePart;
  readonly form: ReferenceForm;
}

export const PRIVATE_PARTS: ReadonlySet<ReferencePart> = new Set(['privateKey', 'content']);

const STEM = '__cdk8s-pki';
const MARK = `${STEM}:`;
const HEXADECIMAL_STEM = Buffer.from(STEM).toString('hex');
const TOKEN =
  /__cdk8s-pki:([a-z0-9_][-a-z0-9._/]*)#(certificate|trustBundle|publicKeys|privateKey|content|crl)\.(pem|base64|der)__/gu;
const TOKEN_AT = new RegExp(TOKEN, 'uy');

/** What any base64 text of a token holds, by the three ways its first octet can fall. */
const ENCODED_MARKS = [0, 1, 2].map((shift) => {
  const text = Buffer.from(`${'\0'.repeat(shift)}${MARK}`).toString('base64');
  return text.slice([0, 2, 3][shift], Math.floor(((MARK.length + shift) * 8) / 6));
});

/**
 * The text of a reference: opaque, deterministic, good anywhere in a manifest or a file, map keys included.
 * It is plain text because `Lazy` of cdk8s is lost inside longer strings and JSON patches.
 */
export function formatReference({ credential, part, form }: ReferenceToken): string {
  return `${MARK}${credential}#${part}.${form}__`;
}

/** Every reference in `text`, in order. */
export function findReferences(text: string): ReferenceToken[] {
  const found: ReferenceToken[] = [];
  let at = text.indexOf(MARK);
  while (at !== -1) {
    TOKEN_AT.lastIndex = at;
    const [token, credential, part, form] = TOKEN_AT.exec(text) ?? [];
    if (token !== undefined)
      found.push({
        credential: credential as CredentialPath,
        part: part as ReferencePart,
        form: form as ReferenceForm,
      });
    at = text.indexOf(MARK, at + (token ?? MARK).length);
  }
  return found;
}

/** The authority whose CRL a file is; undefined for all other files. */
export function crlOf(content: string): CredentialPath | undefined {
  const [reference] = findReferences(content);
  return reference?.part === 'crl' && content === formatReference(reference)
    ? reference.credential
    : undefined;
}

/** Where a reference stands in its text. */
export interface ReferencePlace {
  /** The white space before it, where it stands alone on its line; else empty. */
  readonly indent: string;
  /** Whether a line feed follows it. */
  readonly endsLine: boolean;
}

/** Replaces each reference in `text` by what `value` gives for it. */
export function replaceReferences(
  text: string,
  value: (reference: ReferenceToken, place: ReferencePlace) => string,
): string {
  if (!text.includes(MARK)) return text;
  return text.replaceAll(
    TOKEN,
    (match, credential: string, part: string, form: string, offset: number) => {
      const lineStart = offset === 0 ? 0 : text.lastIndexOf('\n', offset - 1) + 1;
      const before = text.slice(lineStart, offset);
      const after = text[offset + match.length];
      const alone = /^[ \t]*$/u.test(before) && (after === undefined || after === '\n');
      return value(
        {
          credential: credential as CredentialPath,
          part: part as ReferencePart,
          form: form as ReferenceForm,
        },
        { indent: alone ? before : '', endsLine: after === '\n' },
      );
    },
  );
}

/** Whether a reference is left in `text`: as it is, in other letters, percent-encoded, or as hexadecimal or base64, folded or not. */
export function hasReference(text: string): boolean {
  const squeezed = text.replaceAll(/\s+/gu, '');
  const lower = squeezed.toLowerCase();
  return (
    lower.includes(STEM) ||
    lower.includes(HEXADECIMAL_STEM) ||
    ENCODED_MARKS.some((mark) => squeezed.includes(mark))
  );
}
