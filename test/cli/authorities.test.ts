import test, { type ExecutionContext } from 'ava';
import type { CredentialPath } from '../../src/model/names.ts';
import { AgeIdentity } from '../../src/sops/age/identity.ts';
import { nativeCipher } from '../../src/sops/cipher.ts';
import { readPrivateKey } from '../../src/x509/read/key.ts';
import { declaration } from '../_helpers/declaration.ts';
import {
  committed,
  edit,
  refused,
  synthesized,
  type Expected,
  type Files,
} from '../_helpers/refusal.ts';
import { newPerson, Repository } from '../_helpers/run-cli.ts';
import { keysetFile, type Listed } from '../_helpers/store.ts';

const alice = await newPerson();
const bob = await newPerson();
const main = (over: Partial<Parameters<typeof declaration>[0]> = {}): string =>
  declaration({ recipients: [alice.recipient], ...over });

const LEDGER = 'deploy/authorities.yaml';
const CA = 'deploy/prod/pki/ca';
const KEYSET = `${CA}/keyset.yaml`;
const TWO = { clusters: ['prod', 'test'] };

/** Clusters prod and test. */
let made: Files;
/** What anybody makes who knows only the recipients: the same, with other keys, encrypted to the custodians. */
let forged: Files;

test.before(async () => {
  [made, forged] = await Promise.all([synthesized([alice], TWO), synthesized([alice], TWO)]);
});

function entryOf(files: Files, folder = CA): string {
  const file = Object.keys(files).find((name) =>
    new RegExp(`^${folder}/[0-9a-f]{16}\\.sops\\.yaml$`, 'u').test(name),
  );
  if (file === undefined) throw new RangeError(`no entry in ${folder}`);
  return file;
}

const listed = (files: Files, state: Listed['state']): Listed => {
  const [, id = '', spki = ''] =
    /cluster: prod, keyset: ca, id: "(.*)", spki: "(.*)"/u.exec(files[LEDGER] ?? '') ?? [];
  return { id, state, spki };
};
const lineOf = (files: Files, cluster = 'prod'): string =>
  new RegExp(`^- \\{cluster: ${cluster}, .*\\n`, 'mu').exec(files[LEDGER] ?? '')?.[0] ?? '';

/** Puts the files of another tree below a folder into the repository's. */
function plant(repository: Repository, files: Files, folder: string): void {
  for (const name of Object.keys(repository.files()))
    if (name.startsWith(`${folder}/`)) repository.remove(name);
  for (const [name, content] of Object.entries(files))
    if (name.startsWith(`${folder}/`)) repository.write(name, content);
}

/** Revision 2 of prod/ca: an incoming entry, signed by the issuing key. */
async function secondRevision(): Promise<string> {
  const identity = await AgeIdentity.parse(alice.identity);
  if (identity === undefined) throw new TypeError('no identity');
  const cipher = nativeCipher({ list: [identity], unusable: [] });
  const { privateKey } = await cipher.decryptYaml(made[entryOf(made)] ?? '');
  const entries = [listed(made, 'issuing'), listed(forged, 'incoming')];
  if (typeof privateKey !== 'string') throw new TypeError('no private key');
  const signer = readPrivateKey(privateKey);
  return keysetFile('prod/ca' as CredentialPath, 2, entries, signer);
}

const MISSING = 'the store of "prod" lacks a keyset that was made before';
const ORPHANED = 'the tree has stores that the declaration does not know';
const NOT_SIGNED = `"${KEYSET}": this revision is not signed by the key that was issuing`;
const LOST_LINE = `"${LEDGER}" lacks a line that HEAD has`;

type Damage = (repository: Repository) => Promise<void> | void;

const rows: readonly (readonly [title: string, damage: Damage, expected: Expected])[] = [
  [
    'a deleted cluster folder is missed, with the command that brings it back whole',
    (repository) => {
      repository.remove('deploy/prod');
    },
    {
      code: 'ERR_AUTHORITY_MISSING',
      message: MISSING,
      details: ['prod/ca is in the ledger or in HEAD, its documents are gone'],
      hint: /^restore it from git: git checkout HEAD -- 'deploy\/prod'$/u,
    },
  ],
  [
    'a deleted tree is missed as long as HEAD has it',
    (repository) => {
      repository.remove('deploy');
    },
    {
      code: 'ERR_AUTHORITY_MISSING',
      message: 'the tree "deploy" is gone; HEAD has 2 keysets in it',
      hint: /^restore it from git: git checkout HEAD -- 'deploy'$/u,
    },
  ],
  [
    'a deleted keyset is missed though the ledger that HEAD has does not know it',
    (repository) => {
      repository.remove(LEDGER);
      repository.commit();
      repository.remove(CA);
    },
    {
      code: 'ERR_AUTHORITY_MISSING',
      message: '2 clusters have errors',
      hint: /git checkout HEAD -- 'deploy\/prod\/pki\/ca'/u,
    },
  ],
  [
    'a keyset whose removal was committed is missed, with the commit that brings it back',
    (repository) => {
      repository.remove(CA);
      repository.commit();
    },
    {
      code: 'ERR_AUTHORITY_MISSING',
      message: MISSING,
      hint: /^restore it from git: git checkout "\$\(git rev-list -1 HEAD -- 'deploy\/prod\/pki\/ca'\)\^" -- 'deploy\/prod\/pki\/ca'$/u,
    },
  ],
  [
    'a deleted ledger is missed as long as HEAD has it',
    (repository) => {
      repository.remove(LEDGER);
    },
    {
      code: 'ERR_AUTHORITY_MISSING',
      message: `"${LEDGER}" lacks 2 lines that HEAD has`,
      hint: /git checkout HEAD -- 'deploy\/authorities\.yaml'$/u,
    },
  ],
  [
    'a ledger whose removal was committed leaves keysets that nobody vouches for',
    (repository) => {
      repository.remove(LEDGER);
      repository.commit();
    },
    {
      code: 'ERR_KEYSET_STATE',
      message: '2 clusters have errors',
      details: ['prod', 'test'].flatMap((name) => [
        `[${name}] ERR_KEYSET_STATE the store of "${name}" has a keyset that is not in the ledger`,
        `  nothing says that ${name}/ca was made by this program`,
      ]),
      hint: /^only if you know the key, add to the ledger: - \{cluster: prod, keyset: ca, id: "/u,
    },
  ],
  [
    'a deleted ledger is missed without git too',
    (repository) => {
      repository.remove(LEDGER);
      repository.remove('.git');
    },
    {
      code: 'ERR_KEYSET_STATE',
      message: '2 clusters have errors',
      hint: /^if the ledger lost lines, restore it from git/u,
    },
  ],
  [
    'a line dropped from the ledger is missed',
    (repository) => {
      edit(repository, LEDGER, lineOf(made), '');
    },
    { code: 'ERR_AUTHORITY_MISSING', message: LOST_LINE, hint: /git checkout HEAD/u },
  ],
  [
    'a line of the ledger with another SPKI is not a line of it',
    (repository) => {
      edit(repository, LEDGER, /spki: "[0-9a-f]{8}/u, 'spki: "00000000');
    },
    {
      code: 'ERR_STORE',
      message: `"${LEDGER}": line 2 is not a ledger line`,
      hint: /git checkout HEAD/u,
    },
  ],
  [
    'a line of the ledger that names another key is a line lost',
    (repository) => {
      edit(repository, LEDGER, lineOf(made), lineOf(forged));
    },
    { code: 'ERR_AUTHORITY_MISSING', message: LOST_LINE, hint: /git checkout HEAD/u },
  ],
  [
    'a ledger that names another key, committed, gives the keyset away as another one',
    (repository) => {
      edit(repository, LEDGER, lineOf(made), lineOf(forged));
      repository.commit();
    },
    {
      code: 'ERR_AUTHORITY_MISSING',
      message: MISSING,
      details: ['prod/ca in the store is not the one in the ledger'],
      hint: /git checkout HEAD/u,
    },
  ],
  [
    'conflict markers in the ledger are refused',
    (repository) => {
      const ours = lineOf(made);
      edit(repository, LEDGER, ours, `<<<<<<< HEAD\n${ours}=======\n${lineOf(forged)}>>>>>>> x\n`);
    },
    {
      code: 'ERR_STORE',
      message: `"${LEDGER}": line 2 is not a ledger line`,
      hint: /keep the lines of both sides/u,
    },
  ],
  [
    'a cluster renamed in the declaration leaves its store behind, which is an orphan',
    (repository) => {
      repository.write('clusters/main.js', main({ clusters: ['production', 'test'] }));
    },
    {
      code: 'ERR_ORPHANED',
      message: ORPHANED,
      details: ['cluster "prod" has a store but no declaration'],
      hint: /^declare it again; a renamed cluster is a new cluster$/u,
    },
  ],
  [
    'a cluster renamed in the declaration and in the tree is refused: its documents say whose they are',
    (repository) => {
      repository.git('mv', 'deploy/prod', 'deploy/production');
      repository.write('clusters/main.js', main({ clusters: ['production', 'test'] }));
    },
    {
      code: 'ERR_STORE',
      message: /^"deploy\/production\/pki\/ca\/.*": it is of "prod\/ca", not of "production\/ca"$/u,
      hint: /^if its folder was renamed: git mv 'deploy\/production' 'deploy\/prod' \|\| mv /u,
    },
  ],
  [
    'a folder renamed in the tree alone is refused as the store of the cluster that its documents name',
    (repository) => {
      repository.git('mv', 'deploy/prod', 'deploy/production');
    },
    {
      code: 'ERR_STORE',
      message:
        /^"deploy\/production" holds the store of "prod": "deploy\/production\/pki\/.*" says so$/u,
      hint: /^move it back: git mv 'deploy\/production' 'deploy\/prod' \|\| mv 'deploy\/production' 'deploy\/prod'$/u,
    },
  ],
  [
    'the declaration of another repository is refused by what the tree holds',
    (repository) => {
      repository.write('clusters/main.js', main({ clusters: ['other'] }));
    },
    {
      code: 'ERR_ORPHANED',
      message: 'nothing in the tree is of this declaration',
      details: [
        'cluster "prod" has a store but no declaration',
        'cluster "test" has a store but no declaration',
      ],
      hint: /check that this is the declaration of this tree/u,
    },
  ],
  [
    'a state changed in keyset.yaml is refused',
    (repository) => {
      edit(repository, KEYSET, 'state: issuing', 'state: outgoing');
    },
    {
      code: 'ERR_KEYSET_STATE',
      message: 'keyset "prod/ca" has the states outgoing',
      hint: /^restore it from git: git checkout HEAD -- 'deploy\/prod\/pki\/ca'$/u,
    },
  ],
  [
    'an SPKI changed in keyset.yaml is refused',
    (repository) => {
      edit(repository, KEYSET, /spki: "?[0-9a-f]{64}"?/u, `spki: ${'0'.repeat(64)}`);
    },
    {
      code: 'ERR_STORE',
      message: /: its key is not the one that "deploy\/prod\/pki\/ca\/keyset\.yaml" lists$/u,
      hint: /git checkout HEAD/u,
    },
  ],
  [
    'a keyset without its signature is refused',
    (repository) => {
      edit(repository, KEYSET, /^signature: .*\n/mu, '');
    },
    {
      code: 'ERR_STORE',
      message: `"${KEYSET}": field "signature" is missing`,
      hint: /git checkout HEAD/u,
    },
  ],
  [
    'a signature of somebody else is refused',
    (repository) => {
      const signature = /^signature: .*$/mu.exec(forged[KEYSET] ?? '')?.[0] ?? '';
      edit(repository, KEYSET, /^signature: .*$/mu, signature);
    },
    { code: 'ERR_KEYSET_SIGNATURE', message: NOT_SIGNED, hint: /must hold one of its keys/u },
  ],
  [
    'an older revision, put back from the history of git, is refused though it was signed once',
    async (repository) => {
      const [first, entry] = [repository.read(KEYSET), entryOf(forged)];
      repository.write(entry, forged[entry] ?? '');
      repository.write(KEYSET, await secondRevision());
      repository.write(LEDGER, repository.read(LEDGER) + lineOf(forged));
      repository.commit();
      const { status, stderr } = await repository.run(['plan']);
      if (status !== 3) throw new Error(`the second revision is not sound: ${stderr}`);
      repository.write(KEYSET, first);
      repository.remove(entry);
    },
    {
      code: 'ERR_KEYSET_STATE',
      message: 'keyset "prod/ca" is at revision 1, HEAD has revision 2',
      hint: /git checkout HEAD -- 'deploy\/prod\/pki\/ca'$/u,
    },
  ],
  [
    'a forged keyset in the place of one that was made is refused',
    (repository) => {
      plant(repository, forged, CA);
      repository.commit();
    },
    {
      code: 'ERR_AUTHORITY_MISSING',
      message: MISSING,
      details: ['prod/ca in the store is not the one in the ledger'],
      hint: /--new-authority prod\/ca$/u,
    },
  ],
  [
    'a forged keyset of a cluster that is new is refused without a line in the ledger',
    (repository) => {
      repository.remove('deploy');
      plant(repository, forged, 'deploy/prod/pki');
      repository.git('update-ref', '-d', 'HEAD');
    },
    {
      code: 'ERR_KEYSET_STATE',
      message: 'the store of "prod" has a keyset that is not in the ledger',
      hint: /only if you know the key/u,
    },
  ],
  [
    'a forged entry beside the one that is listed is refused',
    (repository) => {
      repository.write(entryOf(forged), forged[entryOf(forged)] ?? '');
    },
    {
      code: 'ERR_KEYSET_STATE',
      message:
        /^keyset "prod\/ca" does not list "deploy\/prod\/pki\/ca\/[0-9a-f]{16}\.sops\.yaml"$/u,
      hint: /^if nobody knows it, remove it: rm -r 'deploy\/prod\/pki\/ca\/[0-9a-f]{16}\.sops\.yaml'$/u,
    },
  ],
  [
    'a forged entry under the name of the one that is listed is refused',
    (repository) => {
      repository.write(entryOf(made), forged[entryOf(forged)] ?? '');
    },
    { code: 'ERR_STORE', message: /: its key is not the one that/u, hint: /git checkout HEAD/u },
  ],
  [
    'a forged incoming entry, added to the list, is refused: its own key may not sign for it',
    (repository) => {
      const entry = entryOf(forged);
      const { id, spki } = listed(forged, 'incoming');
      repository.write(entry, forged[entry] ?? '');
      edit(
        repository,
        KEYSET,
        /^signature:/mu,
        `  - {id: "${id}", state: incoming, spki: "${spki}"}\nsignature:`,
      );
      repository.write(LEDGER, repository.read(LEDGER) + lineOf(forged));
    },
    { code: 'ERR_KEYSET_SIGNATURE', message: NOT_SIGNED, hint: /git checkout HEAD/u },
  ],
  [
    'a keyset of another cluster, copied in, is refused',
    (repository) => {
      repository.paste(`rm -r ${CA} && cp -r deploy/test/pki/ca ${CA}`);
    },
    {
      code: 'ERR_STORE',
      message: `"${KEYSET}": it is of "test/ca", not of "prod/ca"`,
      hint: /a copied or renamed document is refused/u,
    },
  ],
  [
    'a keyset of another cluster, copied in with its names edited, is refused by its signature',
    (repository) => {
      repository.paste(
        `rm -r ${CA} && cp -r deploy/test/pki/ca ${CA} && sed -i 's/^cluster: test/cluster: prod/' ${CA}/*`,
      );
    },
    { code: 'ERR_KEYSET_SIGNATURE', message: NOT_SIGNED, hint: /copied keyset is refused/u },
  ],
  [
    'an entry of another keyset, copied in, is refused',
    (repository) => {
      repository.paste(`cp deploy/test/pki/ca/*.sops.yaml ${CA}`);
    },
    {
      code: 'ERR_KEYSET_STATE',
      message: /^keyset "prod\/ca" does not list/u,
      hint: /^if "deploy\/prod\/pki\/ca\/keyset\.yaml" is an older one: git checkout HEAD -- 'deploy\/prod\/pki\/ca\/keyset\.yaml'$/u,
    },
  ],
];

for (const [title, damage, expected] of rows) {
  test(title, async (t) => {
    const repository = committed(t, made);
    await damage(repository);
    await refused(t, repository, ['synth'], expected, { as: alice });
  });
}

for (const [title, damage] of [
  [
    'in another order',
    (repository) => {
      const [header = '', ...lines] = repository.read(LEDGER).trimEnd().split('\n');
      repository.write(LEDGER, `${[header, ...lines.reverse()].join('\n')}\n`);
    },
  ],
  [
    'with lines twice, as merge=union leaves them',
    (repository) => {
      repository.write(LEDGER, repository.read(LEDGER) + repository.read(LEDGER));
    },
  ],
  [
    'with CRLF line ends',
    (repository) => {
      repository.write(LEDGER, repository.read(LEDGER).replaceAll('\n', '\r\n'));
    },
  ],
] as readonly (readonly [string, (repository: Repository) => void])[]) {
  test(`a ledger ${title} says the same, and is left as it is`, async (t) => {
    const repository = committed(t, made);
    damage(repository);
    const before = repository.files();
    const { status, stdout } = await repository.run(['synth']);
    t.deepEqual([status, stdout], [0, 'nothing to do: 2 clusters are as declared\n']);
    t.deepEqual(repository.files(), before);
  });
}

test('two branches that each make an authority merge, and both are known', async (t) => {
  const repository = committed(t, made);
  for (const name of ['left', 'right']) {
    repository.git('checkout', '-q', '-b', name, 'main');
    const extra = `new pki.CertificateAuthority(prod, '${name}', { subject: { commonName: '${name}' } });`;
    repository.write('clusters/main.js', main({ ...TWO, extra }));
    t.is((await repository.run(['synth'])).status, 0);
    repository.commit();
  }
  const both = ['left', 'right']
    .map(
      (name) =>
        `new pki.CertificateAuthority(prod, '${name}', { subject: { commonName: '${name}' } });`,
    )
    .join('\n');
  // inventories and the declaration conflict, as they should; the ledger does not
  t.throws(() => repository.git('merge', '-q', 'left'));
  t.false(repository.git('diff', '--name-only', '--diff-filter=U').includes(LEDGER));
  repository.git('checkout', '--ours', '--', '.');
  repository.write('clusters/main.js', main({ ...TWO, extra: both }));
  t.is((await repository.run(['synth'])).status, 0);
  t.is(repository.read(LEDGER).trimEnd().split('\n').length, 1 + 4);
  repository.commit();
  t.is((await repository.run(['plan'])).status, 0);
  repository.remove('deploy/prod/pki/left');
  await refused(t, repository, ['plan'], {
    code: 'ERR_AUTHORITY_MISSING',
    message: MISSING,
    hint: /'deploy\/prod\/pki\/left'/u,
  });
});

test('a forged keyset with a line in the ledger is what a reviewer must see: the line, and every leaf', async (t) => {
  const repository = committed(t, made);
  plant(repository, forged, CA);
  repository.write(LEDGER, repository.read(LEDGER) + lineOf(forged));
  repository.commit();
  const { status, stdout } = await repository.run(['plan']);
  t.is(status, 3);
  t.regex(stdout, /^issue prod\/web: IssuerMissing, issuer "prod\/ca\/[0-9a-f]{16}" is gone/mu);
  t.regex(repository.git('show', '--', LEDGER), /^\+- \{cluster: prod, keyset: ca, /mu);
});

// What only git's history has

/** The command of a hint that begins with `text`, pasted as it is. */
function pasteHint(repository: Repository, hints: readonly string[], text: string): void {
  const hint = hints.find((line) => line.startsWith(text));
  if (hint === undefined) throw new RangeError(`no hint "${text}": ${hints.join('; ')}`);
  repository.paste(hint.slice(text.length));
}

const RESTORE = 'restore it from git: ';
const RESTORE_LINES = 'restore its lines in the ledger: ';
const IN_HISTORY = (name: string): string =>
  `${name} is in git's history, its documents and its lines in the ledger are gone`;

test('a tree whose removal was committed is missed: nothing is made anew in silence', async (t) => {
  const repository = committed(t, made);
  repository.git('rm', '-q', '-r', 'deploy');
  repository.commit();
  const expected = {
    code: 'ERR_AUTHORITY_MISSING',
    message: '2 clusters have errors',
    details: ['prod', 'test'].flatMap((name) => [
      `[${name}] ERR_AUTHORITY_MISSING the store of "${name}" lacks a keyset that was made before`,
      `  ${IN_HISTORY(`${name}/ca`)}`,
    ]),
    hint: /^to replace it for good, .*: cdk8s-pki synth --new-authority prod\/ca$/u,
  };
  await refused(t, repository, ['plan'], expected);
  const { hints } = await refused(t, repository, ['synth'], expected, { as: alice });
  pasteHint(repository, hints, RESTORE);
  t.deepEqual(repository.files(), made);
  t.is((await repository.run(['synth'])).stdout, 'nothing to do: 2 clusters are as declared\n');
});

test('a cluster whose folder and lines were removed in commits is missed, and comes back', async (t) => {
  const repository = committed(t, made);
  repository.git('rm', '-q', '-r', 'deploy/prod');
  repository.commit('without the folder');
  edit(repository, LEDGER, lineOf(made), '');
  repository.commit('without the line');
  repository.write('deploy/README.md', 'later\n');
  repository.commit('later');
  const { hints } = await refused(t, repository, ['synth'], {
    code: 'ERR_AUTHORITY_MISSING',
    message: MISSING,
    details: [IN_HISTORY('prod/ca')],
    hint: /--new-authority prod\/ca$/u,
  });
  pasteHint(repository, hints, RESTORE);
  pasteHint(repository, hints, RESTORE_LINES);
  t.is((await repository.run(['synth'])).stdout, 'nothing to do: 2 clusters are as declared\n');
  t.deepEqual(
    Object.entries(repository.files()).filter(([name]) => name.startsWith('deploy/prod/')),
    Object.entries(made).filter(([name]) => name.startsWith('deploy/prod/')),
  );
});

test('a line of the ledger that a merge lost is found beside it', async (t) => {
  const repository = committed(t, { ...made, 'deploy/authorities.yaml': '' });
  repository.git('checkout', '-q', '-b', 'side');
  repository.write(LEDGER, made[LEDGER] ?? '');
  repository.commit('with its lines');
  repository.git('checkout', '-q', 'main');
  repository.git('commit', '-q', '--allow-empty', '-m', 'x');
  repository.git('merge', '-q', '-s', 'ours', '-m', 'loses what side added', 'side');
  const { hints } = await refused(t, repository, ['synth', '--cluster', 'prod'], {
    code: 'ERR_KEYSET_STATE',
    message: 'the store of "prod" has a keyset that is not in the ledger',
    hint: /^only if you know the key/u,
  });
  t.regex(hints[0] ?? '', /^if the ledger lost lines/u);
  repository.write(LEDGER, lineOf(made, 'test'));
  const { hints: more } = await refused(t, repository, ['synth'], {
    code: 'ERR_KEYSET_STATE',
    message: 'the store of "prod" has a keyset that is not in the ledger',
    hint: /^restore its lines in the ledger: git show '[0-9a-f]{40}:\.\/deploy\/authorities\.yaml' \| grep/u,
  });
  pasteHint(repository, more, RESTORE_LINES);
  t.is((await repository.run(['plan'])).status, 0);
});

test('--new-authority makes a keyset anew that only the history has, and says that it replaces one', async (t) => {
  const repository = committed(t, made);
  repository.git('rm', '-q', '-r', 'deploy');
  repository.commit();
  const both = ['--new-authority', 'prod/ca', '--new-authority', 'test/ca'];
  const { status, stdout } = await repository.run(['synth', ...both]);
  t.is(status, 0);
  t.regex(stdout, /^create prod\/ca: Replaced, made anew: all that trust the old one refuse/mu);
  repository.commit();
  t.is((await repository.run(['plan'])).status, 0);
});

test('what was removed on purpose is told as such though its tombstone is lost as well', async (t) => {
  const repository = committed(t, made);
  repository.write('clusters/main.js', main({ clusters: ['prod'] }));
  await repository.run(['remove', 'test', '--now', '2026-11-22T08:00:00Z']);
  repository.commit();
  repository.write(LEDGER, lineOf(made));
  repository.commit();
  repository.write('clusters/main.js', main(TWO));
  await refused(t, repository, ['synth'], {
    code: 'ERR_AUTHORITY_MISSING',
    message: 'cluster "test" declares keysets that were removed',
    details: ['test/ca was removed on 2026-11-22T08:00:00Z'],
    hint: /^restore its lines in the ledger: git show/u,
  });
});

test('a new cluster is new where the whole history does not know it', async (t) => {
  const repository = committed(t, made);
  repository.write('clusters/main.js', main({ clusters: ['prod', 'test', 'extra'] }));
  const { status, stdout } = await repository.run(['synth']);
  t.is(status, 0);
  t.regex(stdout, /^create extra\/ca: Missing, /mu);
});

test('in a shallow clone nobody guesses whether a keyset is new', async (t) => {
  const repository = committed(t, made);
  repository.git('rm', '-q', '-r', 'deploy');
  repository.commit();
  repository.paste('git clone -q --depth 1 "file://$PWD" place');
  const { hints } = await refused(
    t,
    repository,
    ['plan', '--cluster', 'prod'],
    {
      code: 'ERR_READ',
      message: 'this clone is shallow: git cannot tell whether keysets of "prod" were made before',
      details: ['prod/ca is not in the ledger'],
      hint: /^if you know that they are new: cdk8s-pki synth --new-authority prod\/ca$/u,
    },
    { folder: 'place' },
  );
  t.regex(hints[0] ?? '', /^get the whole history: git fetch --unshallow;/u);
  repository.git('-C', 'place', 'fetch', '-q', '--unshallow');
  await refused(
    t,
    repository,
    ['plan', '--cluster', 'prod'],
    { code: 'ERR_AUTHORITY_MISSING', message: MISSING, hint: /git rev-list -1 HEAD -- 'deploy'/u },
    { folder: 'place' },
  );
});

// Restoring what is damaged

const damages: readonly (readonly [what: string, damage: (repository: Repository) => void])[] = [
  [
    'a damaged keyset.yaml',
    (repository) => {
      repository.write(KEYSET, '');
    },
  ],
  [
    'a damaged entry',
    (repository) => {
      edit(repository, entryOf(made), /^certificate: \|\n/mu, 'certificate: x\nold: |\n');
    },
  ],
  [
    'an entry that is gone',
    (repository) => {
      repository.remove(entryOf(made));
    },
  ],
  [
    'a keyset.yaml that is gone',
    (repository) => {
      repository.remove(KEYSET);
    },
  ],
  [
    'a damaged ledger',
    (repository) => {
      repository.write(LEDGER, `${repository.read(LEDGER)}- {}\n`);
    },
  ],
  [
    'a planted recipient',
    (repository) => {
      edit(repository, entryOf(made), /recipient: age1.*/u, `recipient: ${bob.recipient}`);
    },
  ],
];

async function hintRestores(
  t: ExecutionContext,
  damage: (repository: Repository) => void,
  isCommitted: boolean,
): Promise<void> {
  const repository = committed(t, made);
  damage(repository);
  if (isCommitted) repository.commit();
  const { status, stderr } = await repository.run(['plan']);
  t.is(status, 1);
  const hints = stderr.split('\n').map((line) => line.replace('cdk8s-pki: hint: ', ''));
  const second = 'if it was committed like this: ';
  const hasSecond = hints.some((line) => line.startsWith(second));
  pasteHint(repository, hints, isCommitted && hasSecond ? second : RESTORE);
  t.deepEqual(repository.files(), made);
  t.is((await repository.run(['synth'])).stdout, 'nothing to do: 2 clusters are as declared\n');
}

for (const [what, damage] of damages) {
  test(`a hint restores ${what}, also once that is committed`, (t) =>
    hintRestores(t, damage, true));
}
for (const [what, damage] of damages.slice(0, 1)) {
  test(`a hint restores ${what} that is not committed`, (t) => hintRestores(t, damage, false));
}

// What is seen once a key is opened

for (const [what, code, from, to] of [
  ['another MAC', 'ERR_MAC', /(mac: ENC\[AES256_GCM,data:)(.)/u, 'swap'],
  ['a MAC that is no base64', 'ERR_SOPS_FORMAT', /(mac: ENC\[AES256_GCM,data:)(.)/u, '$1!'],
  ['another ciphertext', 'ERR_DECRYPT', /(privateKey: ENC\[AES256_GCM,data:)(.)/u, 'swap'],
  ['a ciphertext cut short', 'ERR_SOPS_FORMAT', /(privateKey: ENC\[AES256_GCM,data:)(.)/u, '$1'],
] as const) {
  test(`an authority with ${what} is refused with the way back, and nothing changes`, async (t) => {
    const repository = committed(t, made);
    const entry = entryOf(made);
    const [, , first = ''] = from.exec(made[entry] ?? '') ?? [];
    edit(repository, entry, from, to === 'swap' ? `$1${first === 'A' ? 'B' : 'A'}` : to);
    repository.remove('deploy/prod/pki/web.sops.yaml'); // so that the authority must sign
    const { hints } = await refused(
      t,
      repository,
      ['synth'],
      {
        code,
        message: /^cannot decrypt "deploy\/prod\/pki\/ca\/[0-9a-f]{16}\.sops\.yaml": /u,
        hint: /^restore it from git: git checkout HEAD -- 'deploy\/prod\/pki\/ca\/[0-9a-f]{16}\.sops\.yaml'$/u,
      },
      { as: alice },
    );
    pasteHint(repository, hints, RESTORE);
    t.is((await repository.run(['synth'], { as: alice })).status, 0);
  });
}

// Wherever git's HEAD is

for (const [title, prepare] of [
  [
    'a shallow clone',
    'git commit -q --allow-empty -m x && git clone -q --depth 1 "file://$PWD" place',
  ],
  ['a worktree of git', 'git worktree add -q place'],
  ['a detached HEAD', 'git clone -q . place && git -C place checkout -q --detach'],
  [
    'a partial clone',
    'git config uploadpack.allowFilter true && git clone -q --filter=blob:none "file://$PWD" place',
  ],
] as const) {
  test(`in ${title} a deleted keyset and a cut ledger are missed`, async (t) => {
    const repository = committed(t, made);
    repository.paste(prepare);
    t.is((await repository.run(['plan'], { folder: 'place' })).status, 0);
    repository.remove(`place/${LEDGER}`);
    const cut = {
      code: 'ERR_AUTHORITY_MISSING',
      message: `"${LEDGER}" lacks 2 lines that HEAD has`,
      hint: /git checkout HEAD/u,
    };
    await refused(t, repository, ['plan'], cut, { folder: 'place' });
    repository.paste(`cd place && git checkout HEAD -- ${LEDGER} && rm -r ${CA}`);
    const missing = { code: 'ERR_AUTHORITY_MISSING', message: MISSING, hint: /git checkout HEAD/u };
    await refused(t, repository, ['plan'], missing, { folder: 'place' });
  });
}

test('before the first commit the ledger alone misses a keyset', async (t) => {
  const repository = new Repository(t, made);
  repository.remove(CA);
  await refused(t, repository, ['synth'], {
    code: 'ERR_AUTHORITY_MISSING',
    message: MISSING,
    hint: /git rev-list -1 HEAD/u,
  });
});

test('a repository without git in the path is an error, never an empty history', async (t) => {
  const repository = committed(t, made);
  const options = { environment: { PATH: '/nowhere' } };
  await refused(
    t,
    repository,
    ['synth'],
    { code: 'ERR_READ', message: /^git cannot read this repository/u, hint: /git is installed/u },
    options,
  );
});
