/** A PEM block of a public kind as it stands in a text. */
export interface EmbeddedBlock {
  readonly label: 'CERTIFICATE' | 'PUBLIC KEY';
  /** Its base64 without white space: equal for equal octets. */
  readonly body: string;
}

const BLOCK =
  /-----BEGIN (CERTIFICATE|PUBLIC KEY)-----([A-Za-z0-9+/=\s\\n]{16,}?)-----END \1-----/gu;
/** `-----BEGIN `, in base64. */
const ENCODED = /LS0tLS1CRUdJTi[A-Za-z0-9+/]+={0,2}/gu;

/** Certificates and public keys in a text of any kind: PEM blocks, indented or with written line breaks, and PEM in base64. */
export function embeddedBlocks(text: string): EmbeddedBlock[] {
  const plain = [...text.matchAll(BLOCK)].map(([, label, body = '']): EmbeddedBlock => ({
    label: label as EmbeddedBlock['label'],
    body: body.replaceAll(/\\n|\s+/gu, ''),
  }));
  const encoded = [...text.matchAll(ENCODED)].flatMap(([token]) => {
    const decoded = Buffer.from(token, 'base64').toString('latin1');
    return decoded.startsWith('-----BEGIN ') ? embeddedBlocks(decoded) : [];
  });
  return [...plain, ...encoded];
}

/** Such a block as PEM. */
export function blockPem({ label, body }: EmbeddedBlock): string {
  return `-----BEGIN ${label}-----\n${body}\n-----END ${label}-----\n`;
}
