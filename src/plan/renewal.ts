import { credentialParts, type CredentialPath, type Seconds } from '../model/names.ts';
import { jitterOf } from './jitter.ts';

const DAY: Seconds = 86_400;

export function addSeconds(date: Date, seconds: Seconds): Date {
  return new Date(date.getTime() + seconds * 1000);
}

/** The instant from which a leaf is due: notAfter − renewBefore − jitter (DESIGN §5). */
export function renewAt(
  path: CredentialPath,
  notAfter: Date,
  policy: { readonly renewBefore: Seconds; readonly jitter: Seconds },
): Date {
  const { cluster, node, name } = credentialParts(path);
  const jitter = jitterOf(cluster, node ?? name, policy.jitter);
  return addSeconds(notAfter, -policy.renewBefore - jitter);
}

/** The instant from which an authority is due for rotation: notAfter − longest leaf − 3 soaks − 30 days (DESIGN §5). */
export function rotateAt(notAfter: Date, longestLeaf: Seconds, soak: Seconds): Date {
  return addSeconds(notAfter, -longestLeaf - 3 * soak - 30 * DAY);
}
