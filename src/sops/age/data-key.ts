import { armor, Encrypter } from 'age-encryption';
import { PkiError } from '../../errors.ts';
import type { RandomBytes } from '../../model/ports.ts';
import { checkDataKey } from '../document/value.ts';
import type { AgeEntry } from '../document/metadata.ts';
import type { AgeIdentity, Identities } from './identity.ts';
import { encryptToAge } from './file.ts';
import { nativeRecipient, shorten, type NativeRecipient } from './recipient.ts';

/** The data key for each recipient: one age file each, as sops has it. */
export async function wrapDataKey(
  dataKey: Uint8Array,
  recipients: readonly string[],
  randomBytes: RandomBytes,
): Promise<readonly AgeEntry[]> {
  const native = recipients.map(nativeRecipient);
  const distinct = [...new Map(native.map((entry) => [entry.text, entry])).values()];
  if (distinct.length === 0)
    throw new PkiError('ERR_RECIPIENT', 'there is no recipient to encrypt to', {
      hint: 'declare recipients: [...] on the App, the Cluster or the node',
    });
  return Promise.all(
    distinct.map(async ({ text, recipient }) => ({
      recipient: text,
      enc: await encryptTo(recipient, dataKey, randomBytes),
    })),
  );
}

async function encryptTo(
  recipient: NativeRecipient['recipient'],
  dataKey: Uint8Array,
  randomBytes: RandomBytes,
): Promise<string> {
  if (typeof recipient !== 'string')
    return encryptToAge(dataKey, randomBytes, (fileKey) => recipient.wrapFileKey(fileKey));
  const encrypter = new Encrypter();
  encrypter.addRecipient(recipient);
  return armor.encode(await encrypter.encrypt(dataKey));
}

/**
 * The data key from the first entry that an identity opens; entries that name an identity's recipient first.
 * @throws PkiError `ERR_DECRYPT`
 */
export async function unwrapDataKey(
  entries: readonly AgeEntry[],
  { list, unusable }: Identities,
): Promise<Uint8Array> {
  const pairs = entries.flatMap((entry) => list.map((identity) => ({ entry, identity })));
  const named = ({ entry, identity }: (typeof pairs)[number]): boolean =>
    entry.recipient === identity.recipient;
  // The labels are not authenticated, so the others are tried too.
  const ordered = [...pairs.filter(named), ...pairs.filter((pair) => !named(pair))];
  for (const { entry, identity } of ordered) {
    const dataKey = await open(entry.enc, identity);
    if (dataKey !== undefined) return checkDataKey(dataKey);
  }
  const recipients = entries.map(({ recipient }) => shorten(recipient));
  const count = recipients.length === 1 ? 'its recipient' : `its ${recipients.length} recipients`;
  throw new PkiError('ERR_DECRYPT', `no identity matches ${count}`, {
    hint: [
      `set SOPS_AGE_KEY_FILE to the identity of ${recipients.join(' or ')}`,
      ...(unusable.length > 0
        ? [`not usable without the sops program: ${unusable.join(', ')}`]
        : []),
    ],
  });
}

async function open(enc: string, identity: AgeIdentity): Promise<Uint8Array | undefined> {
  try {
    return await identity.decrypt(armor.decode(enc));
  } catch {
    return undefined;
  }
}
