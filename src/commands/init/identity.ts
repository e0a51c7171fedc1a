import process from 'node:process';
import { generateX25519Identity } from 'age-encryption';
import { PkiError } from '../../errors.ts';
import { recipientOf } from '../../sops/age/identity.ts';
import { defaultKeyFile, type Environment } from '../../sops/age/sources.ts';
import { PRIVATE_MODE, type NewFile } from './write-new.ts';

export interface NewIdentity {
  readonly recipient: string;
  /** Where sops looks for it. */
  readonly file: NewFile;
}

/** A new age identity, in the form of age-keygen. */
export async function newIdentity(environment: Environment): Promise<NewIdentity> {
  const path = defaultKeyFile(environment, process.platform);
  if (path === undefined) {
    throw new PkiError('ERR_IDENTITY', 'there is no folder that identities belong in', {
      hint: 'set HOME, or XDG_CONFIG_HOME to an absolute path',
    });
  }
  const identity = await generateX25519Identity();
  const recipient = await recipientOf(identity);
  const content = `# public key: ${recipient}\n${identity}\n`;
  return { recipient, file: { path, content, mode: PRIVATE_MODE } };
}
