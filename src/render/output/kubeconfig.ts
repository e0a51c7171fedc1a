import { PkiError } from '../../errors.ts';
import type { CredentialPath, TreePath } from '../../model/names.ts';
import type { JsonObject, YamlFile } from '../../model/made/tree.ts';
import { plainYaml } from '../plain-yaml.ts';
import { projectionHash } from '../projection.ts';
import {
  completeOrProjection,
  isComplete,
  privateKeyText,
  projectionOf,
  type Values,
} from '../values.ts';

const base64 = (text: string): string => Buffer.from(text).toString('base64');

/** The kubeconfig of a credential, in the shape and with the names that `kubeadm init phase kubeconfig` gives. */
function kubeconfigDocument(credential: CredentialPath, values: Values): JsonObject {
  const leaf = values.material.get(credential);
  const client = leaf?.kind === 'Kubeconfig' ? leaf.kubeconfig : null;
  const authority = client && values.material.get(client.authority);
  if (leaf?.kind !== 'Kubeconfig' || !client || authority?.kind !== 'CertificateAuthority') {
    throw new PkiError('ERR_REFERENCE', `"${credential}" is not a kubeconfig of a known authority`);
  }
  const { server, clusterName, user } = client;
  const context = `${user}@${clusterName}`;
  return {
    apiVersion: 'v1',
    clusters: [
      {
        cluster: { 'certificate-authority-data': base64(authority.trustBundle), server },
        name: clusterName,
      },
    ],
    contexts: [{ context: { cluster: clusterName, user }, name: context }],
    'current-context': context,
    kind: 'Config',
    users: [
      {
        name: user,
        user: {
          'client-certificate-data': base64(leaf.certificate),
          'client-key-data': base64(privateKeyText(credential, values)),
        },
      },
    ],
  };
}

/** The same as a file's text, for places that hold it whole. */
export function kubeconfigText(credential: CredentialPath, values: Values): string {
  return plainYaml(kubeconfigDocument(credential, values));
}

/** The kubeconfig as a SOPS document in which only `client-key-data` is encrypted. */
export function kubeconfigFile(
  credential: CredentialPath,
  place: { readonly path: TreePath; readonly recipients: readonly string[] },
  values: Values,
): YamlFile {
  const known = completeOrProjection([credential], values);
  const projected = kubeconfigDocument(credential, projectionOf(values));
  return {
    format: 'yaml',
    ...place,
    document: isComplete(known) ? kubeconfigDocument(credential, known) : projected,
    complete: isComplete(known),
    uses: [credential],
    projection: projectionHash(JSON.stringify(projected)),
    selector: { encrypted_regex: '^client-key-data$' },
    sealed: [['users', '0', 'user', 'client-key-data']],
  };
}
