import {
  createPrivateKey,
  createPublicKey,
  sign,
  verify,
  X509Certificate,
  type KeyObject,
} from 'node:crypto';
import { load } from 'js-yaml';
import { nativeCipher } from '../../../src/sops/cipher.ts';
import type { AgeIdentity } from '../../../src/sops/age/identity.ts';
import type { MemoryTree } from '../../_helpers/repository.ts';
import type { Handshake, Input } from './_handshakes.ts';

/** A kubeconfig, or a Secret or ConfigMap. */
interface Document {
  readonly clusters?: readonly { readonly cluster: Readonly<Record<string, string>> }[];
  readonly users?: readonly { readonly user: Readonly<Record<string, string>> }[];
  readonly data?: Readonly<Record<string, string>>;
}

/** A tree of one moment, its private keys opened. */
export interface Moment {
  readonly name: string;
  readonly tree: MemoryTree;
  /** By the file. */
  readonly keys: ReadonlyMap<string, KeyObject>;
}

const pathOf = ({ file }: Input): string => `deploy/prod/${file}`;

export async function momentOf(
  name: string,
  tree: MemoryTree,
  identity: AgeIdentity,
): Promise<Moment> {
  const cipher = nativeCipher({ list: [identity], unusable: [] });
  const keys = new Map<string, KeyObject>();
  for (const file of tree.paths(/\/sa\.key$/u))
    keys.set(file, createPrivateKey(Buffer.from(await cipher.decryptBinary(tree.text(file)))));
  return { name, tree: tree.clone(), keys };
}

function textOf({ tree }: Moment, input: Input): string {
  const text = tree.text(pathOf(input));
  if (input.field === undefined) return text;
  const { clusters, users, data } = load(text) as Document;
  const value = { ...clusters?.[0]?.cluster, ...users?.[0]?.user, ...data }[input.field];
  if (value === undefined) throw new RangeError(`${pathOf(input)} has no ${input.field}`);
  return value.startsWith('-----') ? value : Buffer.from(value, 'base64').toString('utf8');
}

const BLOCK = /-----BEGIN ([A-Z ]+)-----[^-]+-----END \1-----\n/gu;
const blocks = (text: string): string[] => text.match(BLOCK) ?? [];
const certificates = new Map<string, X509Certificate>();

function certificate(pem: string): X509Certificate {
  const known = certificates.get(pem) ?? new X509Certificate(pem);
  certificates.set(pem, known);
  return known;
}

/**
 * Whether what one process shows of one moment is accepted by another that is in another moment, by OpenSSL: issuer, key
 * identifiers and signature, through the certificates that come with it; of a token its signature. What kube-controller-manager signs
 * chains to the certificate that it signs with, a root, so an anchor must be good for that one: it has its name and key.
 *
 * @param firstOnly whether the other looks at the first of what it trusts alone, as kubeadm does.
 */
export function accepts(
  { shows, trusts }: Handshake,
  shown: Moment,
  trusting: Moment,
  firstOnly = false,
): boolean {
  const anchors = blocks(textOf(trusting, trusts)).slice(0, firstOnly ? 1 : undefined);
  const key = shown.keys.get(pathOf(shows));
  if (key !== undefined) {
    const data = Buffer.from('a token');
    const signature = sign('sha256', data, key);
    return anchors.some((anchor) => verify('sha256', data, createPublicKey(anchor), signature));
  }
  const [subject, ...chain] = blocks(textOf(shown, shows)).map(certificate);
  return subject !== undefined && leads(subject, chain, anchors.map(certificate));
}

/** Whether a path leads from the certificate to an anchor. */
function leads(
  subject: X509Certificate,
  [next, ...rest]: readonly X509Certificate[],
  anchors: readonly X509Certificate[],
): boolean {
  if (anchors.some((anchor) => isIssuedBy(subject, anchor))) return true;
  return next !== undefined && isIssuedBy(subject, next) && leads(next, rest, anchors);
}

const isIssuedBy = (subject: X509Certificate, issuer: X509Certificate): boolean =>
  issuer.ca && subject.checkIssued(issuer) && subject.verify(issuer.publicKey);
