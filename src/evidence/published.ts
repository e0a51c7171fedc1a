import { X509Certificate } from 'node:crypto';
import { decodeCertificates } from '../x509/read/pem.ts';
import { holds, lacks, type Finding } from './finding.ts';
import { record, text } from './json.ts';
import type { Fetched } from './kubectl.ts';

/** The public keys of the certificates in a text, as one can compare them; none where it holds no certificate that can be read. */
export function keysIn(pem: string): ReadonlySet<string> {
  try {
    return new Set(
      decodeCertificates(pem).map((der) =>
        new X509Certificate(der).publicKey
          .export({ type: 'spki', format: 'der' })
          .toString('base64'),
      ),
    );
  } catch {
    return new Set();
  }
}

/** Whether extension API servers are told to trust every entry by which an API server may show itself. */
export function judgePublished(bundle: string | undefined, configMap: Fetched): Finding {
  const name = 'kube-system/extension-apiserver-authentication';
  if ('why' in configMap) return lacks(`the ConfigMap ${name} cannot be seen: ${configMap.why}`);
  const wanted = keysIn(bundle ?? '');
  const published = keysIn(
    text(record(record(configMap.value)['data'])['requestheader-client-ca-file']),
  );
  const isWhole = wanted.size > 0 && [...wanted].every((key) => published.has(key));
  return isWhole
    ? holds(`the ConfigMap ${name} has the trust bundle of this stage`)
    : lacks(`the ConfigMap ${name} has not the whole trust bundle of this stage`);
}
