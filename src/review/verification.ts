import { layout } from '../model/store/layout.ts';
import type { CredentialPath } from '../model/names.ts';
import type { CertificateChange, Review } from './report.ts';

/** What a command may be made of: nothing that a shell, or a reader, could take for anything else. */
const SAFE = /^[\w.][\w./-]{0,200}$/u;

/**
 * Commands by which a reviewer sees the same without trusting this report. Names that a shell could misunderstand are not put in
 * them.
 */
export function verification(review: Review, tree: string, commit: string): string[] {
  const clusters = review.clusters.filter(
    ({ name, change }) => SAFE.test(name) && change !== 'removed',
  );
  const [cluster] = clusters;
  const certificates = clusters
    .flatMap((item) => item.certificates)
    .filter(({ file, after }) => after !== null && SAFE.test(file) && SAFE.test(after.issuer));
  const sample = certificates.find(({ change }) => change !== 'renewed') ?? certificates[0];
  return [
    '# this report again, from your own checkout',
    `npx cdk8s-pki diff ${commit}`,
    ...(cluster === undefined
      ? []
      : ['# dates of all certificates', `npx cdk8s-pki check --cluster ${cluster.name}`]),
    ...(sample === undefined ? [] : openssl(sample, tree)),
  ];
}

function openssl({ file, after }: CertificateChange, tree: string): string[] {
  const [cluster = '', keyset = '', id = ''] = after?.issuer.split('/') ?? [];
  const authority = layout.entry(tree, `${cluster}/${keyset}` as CredentialPath, id);
  return [
    '# a certificate, its issuer, and (with an identity) that the private key is its own; in bash',
    'pem() { sed -n \'s/^ *//; /BEGIN CERT/,/END CERT/p\' "$1"; }',
    `leaf=${file}; ca=${authority}`,
    'pem "$leaf" | openssl x509 -noout -subject -serial -dates -ext subjectAltName,extendedKeyUsage',
    'openssl verify -partial_chain -CAfile <(pem "$ca") <(pem "$leaf")',
    'sops decrypt --extract \'["privateKey"]\' "$leaf" | openssl pkey -pubout | cmp - <(pem "$leaf" | openssl x509 -noout -pubkey)',
  ];
}
