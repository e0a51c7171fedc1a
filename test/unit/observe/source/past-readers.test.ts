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
  const readers = await observePastReaders(repository.root, 'deploy', ['sops', 'sops-3']);
  t.deepEqual([...readers.byKey].sort(), [
    ['a'.repeat(16), ['sops']],
    ['c'.repeat(16), ['sops']],
    ['d'.repeat(16), ['sops', 'sops-3']],
  ]);
});
