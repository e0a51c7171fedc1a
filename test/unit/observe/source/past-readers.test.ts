import { createHash } from 'node:crypto';
import test from 'ava';
import { observePastReaders } from '../../../../src/observe/source/past/readers.ts';
import { Repository } from '../../../_helpers/run-cli.ts';

const document = (spki: string, sops: string, more = ''): string => `cluster: prod
name: sops
spki: ${spki.repeat(64)}
privateKey: ENC[AES256_GCM,data:AA==,iv:AA==,tag:AA==,type:str]
${more}sops:
${sops}  lastmodified: "2026-01-01T00:00:00Z"
  mac: ENC[AES256_GCM,data:AA==,iv:AA==,tag:AA==,type:str]
  version: 3.13.3
`;
const vault = (name: string): string => `  hc_vault:
    - vault_address: https://vault.example.com
      engine_path: transit
      key_name: ${name}
      created_at: "2026-01-01T00:00:00Z"
      enc: vault:v1:AA==
`;

test('observePastReaders: names are compared whole, and what is damaged is read word by word', async (t) => {
  const repository = new Repository(t, {
    'deploy/prod/pki/a.sops.yaml': document('a', vault('sops')),
    'deploy/prod/pki/b.sops.yaml': document('b', vault('sops-2')),
    'deploy/prod/pki/c.sops.yaml': document('c', vault('other'), 'formerRecipients: x,sops\n'),
    'deploy/prod/pki/d.sops.yaml': `${document('d', vault('sops-3'))}<<<<<<< HEAD\n`,
  });
  repository.commit();
  const readers = await observePastReaders(repository.root, ['sops', 'sops-3']);
  t.deepEqual([...readers.byKey].sort(), [
    ['a'.repeat(16), ['sops']],
    ['c'.repeat(16), ['sops']],
    ['d'.repeat(16), ['sops', 'sops-3']],
  ]);
});

const FOLDER = 'deploy/prod/nodes/cp-1';
const KEY_FILE = `${FOLDER}/etc/web.key`;

/** As SOPS writes a binary file, encrypted to a Vault key. */
const encrypted = (name: string): string =>
  JSON.stringify({
    data: 'ENC[AES256_GCM,data:AA==,iv:AA==,tag:AA==,type:str]',
    sops: {
      hc_vault: [
        {
          vault_address: 'https://vault.example.com',
          engine_path: 'transit',
          key_name: name,
          created_at: '2026-01-01T00:00:00Z',
          enc: 'vault:v1:AA==',
        },
      ],
      lastmodified: '2026-01-01T00:00:00Z',
      mac: 'ENC[AES256_GCM,data:AA==,iv:AA==,tag:AA==,type:str]',
      version: '3.13.3',
    },
  });

/** The list of a node whose one file holds the private key of an SPKI. */
const listOf = (spki: string): string => {
  const projection = createHash('sha256').update(`sha256:${spki}\n`).digest('hex');
  return `files:\n  - path: /etc/web.key\n    projection: sha256:${projection}\n`;
};

test('observePastReaders: whose key a file of a node held its list says, in a later commit as well, and by its own time', async (t) => {
  const repository = new Repository(t, {
    'deploy/prod/pki/a.sops.yaml': document('a', vault('custodian')),
    'deploy/prod/pki/b.sops.yaml': document('b', vault('custodian')),
    [KEY_FILE]: encrypted('node'),
  });
  repository.commit('the file alone');
  const before = await observePastReaders(repository.root, ['node']);
  t.deepEqual([[...before.byKey], before.unknown], [[], [KEY_FILE]]);
  repository.write(`${FOLDER}/bundle.yaml`, listOf('a'.repeat(64)));
  repository.commit('its list');
  repository.write(KEY_FILE, encrypted('another'));
  repository.write(`${FOLDER}/bundle.yaml`, listOf('b'.repeat(64)));
  repository.commit('another key, and another reader');
  const { byKey } = await observePastReaders(repository.root, ['node']);
  t.deepEqual([...byKey], [['a'.repeat(16), ['node']]]);
});

test('observePastReaders: what a merge brought that neither side had, and what it left behind of one side, is history too', async (t) => {
  const repository = new Repository(t, {
    'deploy/prod/pki/a.sops.yaml': document('a', vault('x')),
  });
  repository.commit();
  repository.git('checkout', '-q', '-b', 'side');
  repository.write('deploy/prod/pki/b.sops.yaml', document('b', vault('left')));
  repository.commit();
  repository.git('checkout', '-q', 'main');
  repository.write('other', 'x');
  repository.commit();
  repository.git('merge', '-q', '-s', 'ours', '-m', 'leaves all', 'side');
  repository.git('checkout', '-q', '-b', 'more');
  repository.write('more', 'x');
  repository.commit();
  repository.git('checkout', '-q', 'main');
  repository.git('merge', '-q', '--no-commit', '--no-ff', 'more');
  repository.write('deploy/prod/pki/a.sops.yaml', document('a', vault('brought')));
  repository.commit('merge');
  repository.write('deploy/prod/pki/a.sops.yaml', document('a', vault('x')));
  repository.commit();
  const { byKey } = await observePastReaders(repository.root, ['left', 'brought']);
  t.deepEqual([...byKey].sort(), [
    ['a'.repeat(16), ['brought']],
    ['b'.repeat(16), ['left']],
  ]);
});
