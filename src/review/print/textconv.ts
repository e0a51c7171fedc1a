import { loadAll } from 'js-yaml';
import type { CertificateInfo } from '../../model/x509.ts';
import { subjectText } from '../../plan/checks.ts';
import { readCertificate } from '../../x509/read/certificate.ts';
import { readCrl, type Crl } from '../../x509/read/crl/crl.ts';
import { formatPem } from '../../x509/read/pem.ts';
import { keyAlgorithmOf, readPublicKey, spkiHash } from '../../x509/read/key.ts';
import { sansOf, usageNames } from '../read/facts.ts';
import { problemText } from '../read/side.ts';
import { visible } from './escape.ts';

type Mapping = Readonly<Record<string, unknown>>;

const BEGIN = /^-----BEGIN ([A-Z0-9 ]+)-----$/u;
/** What DER of a CRL begins with. */
const SEQUENCE = 0x30;
const PRIVATE = /PRIVATE KEY$/u;
const SEALED = /^ENC\[AES256_GCM,/u;

/**
 * A file as text that a person can compare, for git's textconv: certificates and public keys by what they say, encrypted files by
 * their structure and recipients. Nothing is decrypted. Files of all other kinds come back as they are, but for characters that could
 * steer a terminal or deceive a reader, which are written out.
 */
export function fileText(content: Uint8Array): string {
  const crl = derCrl(content);
  if (crl !== undefined) return `${crl.join('\n')}\n`;
  const text = Buffer.from(content).toString('utf8');
  return visibleLines(encryptedText(text) ?? pemText(text));
}

/** Tabs and line ends of both kinds stay. */
function visibleLines(text: string): string {
  return text
    .split(/(\r?\n|\t)/u)
    .map((part, index) => (index % 2 === 1 ? part : visible(part, Infinity)))
    .join('');
}

/** A CRL as etcd reads it; undefined for all other octets. */
function derCrl(content: Uint8Array): string[] | undefined {
  if (content[0] !== SEQUENCE) return undefined;
  try {
    return crlLines(readCrl(formatPem('X509 CRL', content)));
  } catch (error) {
    problemText(error); // throws what is a bug
    return undefined;
  }
}

/** Each PEM block by what it says; text around blocks stays. One look at each line: a block has no dashes between its ends. */
function pemText(text: string): string {
  const out: string[] = [];
  let label: string | undefined;
  let block: string[] = [];
  for (const line of text.split('\n')) {
    if (label !== undefined && line === `-----END ${label}-----`) {
      for (const said of describe([...block, line].join('\n'), label)) out.push(said);
      [label, block] = [undefined, []];
      continue;
    }
    if (label !== undefined && !line.startsWith('-----')) {
      block.push(line);
      continue;
    }
    for (const left of block) out.push(left);
    label = BEGIN.exec(line)?.[1];
    block = [];
    if (label === undefined) out.push(line);
    else block.push(line);
  }
  for (const left of block) out.push(left);
  return out.join('\n');
}

/** Lines for a PEM block. */
function describe(block: string, label: string): string[] {
  try {
    if (label === 'CERTIFICATE') return certificateLines(readCertificate(`${block}\n`));
    if (label === 'X509 CRL') return crlLines(readCrl(`${block}\n`));
    if (PRIVATE.test(label)) return [`${label}: <in the clear, not shown>`];
    if (/^(?:RSA )?PUBLIC KEY$/u.test(label)) {
      const key = readPublicKey(`${block}\n`);
      return [
        'public key:',
        `  algorithm: ${keyAlgorithmOf(key) ?? 'unknown'}`,
        `  spki sha256: ${spkiHash(key)}`,
      ];
    }
  } catch (error) {
    problemText(error); // throws what is a bug
  }
  return block.split('\n');
}

function crlLines({ number, thisUpdate, nextUpdate, revoked }: Crl): string[] {
  return [
    'certificate revocation list:',
    `  number: ${number}`,
    `  this update: ${thisUpdate.toISOString()}`,
    `  next update: ${nextUpdate.toISOString()}`,
    '  revoked:',
    ...revoked.map(
      ({ serialNumber, revokedAt, reason }) =>
        `    ${serialNumber} on ${revokedAt.toISOString()}, ${reason}`,
    ),
  ];
}

function certificateLines(certificate: CertificateInfo): string[] {
  const { serialNumber, issuer, notBefore, notAfter, isCa, keyAlgorithm, spki } = certificate;
  const sans = sansOf(certificate);
  const usages = usageNames(certificate.extendedKeyUsages);
  return [
    'certificate:',
    `  subject: ${visible(subjectText(certificate.subject))}`,
    `  issuer: ${visible(issuer)}`,
    `  serial number: ${serialNumber}`,
    `  not before: ${notBefore.toISOString()}`,
    `  not after: ${notAfter.toISOString()}`,
    `  ca: ${isCa}`,
    `  key: ${keyAlgorithm ?? 'unknown'}`,
    `  spki sha256: ${spki}`,
    ...(usages.length === 0 ? [] : [`  extended key usages: ${usages.join(', ')}`]),
    ...(sans.length === 0
      ? []
      : ['  subject alternative names:', ...sans.map((san) => `    ${visible(san)}`)]),
  ];
}

/** The structure of a SOPS document; undefined for all other text. */
function encryptedText(text: string): string | undefined {
  if (!/^(?:"?sops"?:|[ \t]*"sops":)/mu.test(text)) return undefined;
  try {
    // ours have no aliases, by which a few lines could stand for more text than there is memory
    const documents: unknown[] = text.startsWith('{')
      ? [JSON.parse(text)]
      : loadAll(text, { maxAliases: 0 });
    if (!documents.every(isMapping) || !documents.some(({ sops }) => isMapping(sops)))
      return undefined;
    return `${documents.map((document) => documentLines(document).join('\n')).join('\n---\n')}\n`;
  } catch {
    return undefined;
  }
}

function documentLines({ sops, ...document }: Mapping): string[] {
  return [...mappingLines(document, ''), ...(isMapping(sops) ? sopsLines(sops) : [])];
}

/** What differs at each encryption, and says nothing. */
const NOISE = new Set(['mac', 'lastmodified', 'version', 'enc', 'created_at']);

/** Whom it is encrypted to. */
function sopsLines(sops: Mapping): string[] {
  const shown = (value: unknown): unknown => {
    if (Array.isArray(value)) return (value as unknown[]).map(shown);
    if (!isMapping(value)) return value;
    const kept = Object.entries(value).filter(([key]) => !NOISE.has(key));
    return Object.fromEntries(kept.map(([key, item]) => [key, shown(item)]));
  };
  return ['sops:', ...mappingLines(shown(sops) as Mapping, '  ')];
}

function mappingLines(mapping: Mapping, indent: string): string[] {
  return Object.entries(mapping).flatMap(([key, value]) =>
    valueLines(`${indent}${visible(key)}:`, value, indent),
  );
}

/** Lines of a value behind its key or dash. */
function valueLines(head: string, value: unknown, indent: string): string[] {
  if (Array.isArray(value)) {
    const items = value as unknown[];
    if (items.length === 0) return [`${head} []`];
    return [head, ...items.flatMap((item) => itemLines(item, indent))];
  }
  if (isMapping(value)) {
    return Object.keys(value).length === 0
      ? [`${head} {}`]
      : [head, ...mappingLines(value, `${indent}  `)];
  }
  if (typeof value !== 'string')
    return [`${head} ${value instanceof Date ? value.toISOString() : String(value)}`];
  if (SEALED.test(value)) return [`${head} <encrypted>`];
  const readable = decoded(value);
  const lines = readable.replace(/\n$/u, '').split('\n');
  return lines.length === 1 && readable === value
    ? [`${head} ${visible(value, Infinity)}`]
    : [head, ...lines.map((line) => `${indent}  ${visible(line, Infinity)}`)];
}

function itemLines(item: unknown, indent: string): string[] {
  if (!isMapping(item)) return valueLines(`${indent}-`, item, indent);
  const [first = '', ...rest] = mappingLines(item, `${indent}  `);
  return [`${indent}- ${first.trimStart()}`, ...rest];
}

/** PEM, or PEM in base64, or a kubeconfig in base64, as text that says what is in it. */
function decoded(value: string): string {
  if (value.startsWith('-----BEGIN ')) return pemText(value);
  if (/^LS0tLS1CRUdJTi[A-Za-z0-9+/\s]+={0,2}$/u.test(value.trimEnd())) {
    return pemText(Buffer.from(value, 'base64').toString('utf8'));
  }
  return value;
}

function isMapping(value: unknown): value is Mapping {
  return (
    typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date)
  );
}
