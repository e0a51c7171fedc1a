import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { X509Certificate } from 'node:crypto';
import type { ExecutionContext } from 'ava';
import { load } from 'js-yaml';
import { treePath, type CredentialPath } from '../../../src/model/names.ts';
import { observeKeyset } from '../../../src/observe/keyset.ts';
import { AgeIdentity } from '../../../src/sops/age/identity.ts';
import { nativeCipher } from '../../../src/sops/cipher.ts';
import { recover } from '../../../src/write/journal.ts';
import { takeLock } from '../../../src/write/lock.ts';
import { openState } from '../../../src/write/state.ts';
import { digestOf, readManifest } from '../../../src/write/manifest.ts';
import { readPrivateKey, spkiHash } from '../../../src/x509/read/key.ts';
import { fromBase64, record, text } from '../../_helpers/fleet-tree.ts';
import { MemoryTree } from '../../_helpers/repository.ts';
import type { Person, Repository } from '../../_helpers/run-cli.ts';

export type Files = Readonly<Record<string, string>>;

/** Numbers below `limit` that a seed determines (mulberry32). */
export function numbers(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
  };
}

/** What the program made, without lock and journal. */
export function treeOf(repository: Repository): Files {
  return Object.fromEntries(
    Object.entries(repository.files()).filter(([file]) =>
      /^(?:deploy\/|\.sops\.yaml$|\.gitattributes$)/u.test(file),
    ),
  );
}

/**
 * The tree that a killed run decided on: `before`, changed as the manifest in its journal says. Without a manifest that is `before`,
 * unless the run was done but for giving back its lock: then no journal is left.
 */
export function decided(t: ExecutionContext, repository: Repository, before: Files): Files {
  const after: Record<string, string> = { ...before };
  const now = repository.files();
  const manifests = Object.keys(now).filter((file) => file.endsWith('/manifest.jsonl'));
  t.true(manifests.length <= 1, 'one run decides at a time');
  const hasJournal = Object.keys(now).some((file) => file.startsWith('.cdk8s-pki/journal-'));
  if (!hasJournal) return treeOf(repository);
  for (const file of manifests) {
    const manifest = readManifest(repository.path(file));
    if (manifest === undefined) throw new TypeError('a manifest that nobody can read');
    for (const name of manifest.remove) Reflect.deleteProperty(after, name);
    for (const { path: name, digest } of manifest.files) {
      const content = now[path.join(path.dirname(file), 'files', name)] ?? now[name] ?? '';
      t.is(digestOf(Buffer.from(content, 'latin1')), digest, name);
      after[name] = content;
    }
  }
  return after;
}

/** The next run's first step, on a copy: without an identity, it must lead to `expected`, and leave nothing. */
export function recoverCopy(t: ExecutionContext, repository: Repository, expected: Files): void {
  const base = mkdtempSync(path.join(path.dirname(repository.root), 'copy-'));
  try {
    for (const name of ['deploy', '.cdk8s-pki', '.sops.yaml', '.gitattributes']) {
      if (!existsSync(repository.path(name))) continue;
      cpSync(repository.path(name), path.join(base, name), { recursive: true });
    }
    const state = path.join(base, '.cdk8s-pki');
    if (existsSync(state)) {
      const lock = takeLock(openState(base), new Date());
      recover(base, state);
      lock.release();
    }
    const found: Record<string, string> = {};
    for (const entry of readdirSync(base, { recursive: true, withFileTypes: true })) {
      const file = path.join(entry.parentPath, entry.name);
      if (entry.isFile()) found[path.relative(base, file)] = readFileSync(file, 'latin1');
    }
    Reflect.deleteProperty(found, '.cdk8s-pki/.gitignore');
    const differ = [...new Set([...Object.keys(found), ...Object.keys(expected)])].filter(
      (name) => found[name] !== expected[name],
    );
    t.deepEqual(differ, []);
  } finally {
    rmSync(base, { recursive: true });
  }
}

/** Everything of one generation: signatures, keys and certificates, the Secret that was made of them, the inventory. */
export async function checkGeneration(
  t: ExecutionContext,
  files: Files,
  person: Person,
): Promise<void> {
  const identity = await AgeIdentity.parse(person.identity);
  if (identity === undefined) throw new TypeError('no identity');
  const cipher = nativeCipher({ list: [identity], unusable: [] });
  const tree = new MemoryTree(
    Object.entries(files).map(([file, content]) => [file, Buffer.from(content, 'latin1')]),
  );
  const stored = new Map<string, string>();
  for (const file of tree.paths(/\/keyset\.yaml$/u)) {
    const [, cluster = '', , name = ''] = file.split('/');
    const keyset = observeKeyset(tree, 'deploy', `${cluster}/${name}` as CredentialPath);
    t.is(keyset?.entries.length, 1, file);
    const { spki = '', file: entry = '' } = keyset?.entries[0] ?? {};
    const document = await cipher.decryptYaml(tree.text(entry));
    t.is(spkiHash(readPrivateKey(text(document['privateKey']))), spki, entry);
    t.true(tree.text('deploy/authorities.yaml').includes(spki), 'in the ledger');
  }
  for (const file of tree.paths(/\/pki\/[^/]+\.sops\.yaml$/u)) {
    const document = await cipher.decryptYaml(tree.text(file));
    const certificate = text(document['certificate']);
    const key = readPrivateKey(text(document['privateKey']));
    t.true(new X509Certificate(certificate).checkPrivateKey(key), file);
    const [, cluster = ''] = file.split('/');
    t.true(tree.text(`deploy/${cluster}/inventory.json`).includes(spkiHash(key)), file);
    stored.set(certificate.trim(), file);
  }
  for (const file of tree.paths(/\/Secret\..*\.sops\.yaml$/u)) {
    const { data } = record(load(tree.text(file)));
    const certificate = fromBase64(record(data)['tls.crt']);
    t.true(stored.delete(certificate.trim()), `${file} is of what is in the store`);
    const opened = record((await cipher.decryptYaml(tree.text(treePath(file))))['data']);
    const key = readPrivateKey(fromBase64(opened['tls.key']));
    t.true(new X509Certificate(certificate).checkPrivateKey(key), file);
  }
  t.deepEqual([...stored.values()], [], 'every leaf has its Secret');
}
