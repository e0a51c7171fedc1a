import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { PkiError, type ErrorCode } from '../../../src/errors.ts';
import { treePath } from '../../../src/model/names.ts';
import { isHalfWritten, Journal, recover } from '../../../src/write/journal.ts';
import { digestOf, manifestLine } from '../../../src/write/manifest.ts';

interface Place {
  readonly root: string;
  readonly state: string;
  /** The only journal. */
  readonly folder: string;
}

/** A tree with `deploy/a` (old a), `deploy/b` (old b) and `deploy/gone/c`. */
function place(t: ExecutionContext): Place {
  const root = mkdtempSync(path.join(tmpdir(), 'cdk8s-pki-test-'));
  t.teardown(() => {
    rmSync(root, { recursive: true, force: true });
  });
  mkdirSync(path.join(root, 'deploy/gone'), { recursive: true });
  writeFileSync(path.join(root, 'deploy/a'), 'old a');
  writeFileSync(path.join(root, 'deploy/b'), 'old b');
  writeFileSync(path.join(root, 'deploy/gone/c'), 'old c');
  const state = path.join(root, '.cdk8s-pki');
  mkdirSync(state);
  return {
    root,
    state,
    get folder() {
      const journals = readdirSync(state).filter((name) => name.startsWith('journal-'));
      if (journals.length > 1) throw new RangeError('more than one journal');
      return path.join(state, journals[0] ?? 'none');
    },
  };
}

function files(root: string): Record<string, string> {
  return Object.fromEntries(
    filesBelow(root).map((file) => [path.relative(root, file), readFileSync(file, 'utf8')]),
  );
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const place = path.join(folder, entry.name);
    if (entry.isDirectory()) return filesBelow(place);
    return entry.isFile() ? [place] : [];
  });
}

const BEFORE = { 'deploy/a': 'old a', 'deploy/b': 'old b', 'deploy/gone/c': 'old c' };
const AFTER = { 'deploy/a': 'new a', 'deploy/b': 'old b', 'deploy/new/d': 'new d' };

function staged({ root, state }: Place): Journal {
  const journal = new Journal(root, state);
  journal.stage({ path: treePath('deploy/a'), content: 'new a' });
  journal.stage({ path: treePath('deploy/new/d'), content: 'new d' });
  journal.remove(treePath('deploy/gone/c'));
  return journal;
}

test('journal: what is staged does not touch the tree', (t) => {
  const at = place(t);
  t.is(staged(at).size, 3);
  t.like(files(at.root), BEFORE);
  t.false(existsSync(path.join(at.root, 'deploy/new')));
});

test('journal: commit writes, removes, drops empty folders, and leaves no journal', (t) => {
  const at = place(t);
  staged(at).commit();
  t.deepEqual(files(at.root), AFTER);
  t.false(existsSync(path.join(at.root, 'deploy/gone')));
  t.false(existsSync(at.folder));
  t.is(recover(at.root, at.state), 'nothing');
});

test('journal: discard leaves the tree as it was, and no journal', (t) => {
  const at = place(t);
  staged(at).discard();
  t.deepEqual(files(at.root), BEFORE);
  t.false(existsSync(at.folder));
});

test('journal: a commit of nothing does nothing', (t) => {
  const at = place(t);
  new Journal(at.root, at.state).commit();
  t.deepEqual(files(at.root), BEFORE);
});

test('journal: cut off while staging, the next run discards it', (t) => {
  const at = place(t);
  staged(at);
  t.is(recover(at.root, at.state), 'discarded');
  t.deepEqual(files(at.root), BEFORE);
  t.false(existsSync(at.folder));
});

test('journal: cut off while the manifest is drafted, the next run discards it', (t) => {
  const at = place(t);
  staged(at);
  writeFileSync(path.join(at.folder, 'manifest.draft'), '{"path": "deploy/a"');
  t.is(recover(at.root, at.state), 'discarded');
  t.deepEqual(files(at.root), BEFORE);
});

const MANIFEST = [
  { path: treePath('deploy/a'), digest: digestOf('new a') },
  { path: treePath('deploy/new/d'), digest: digestOf('new d') },
  { remove: treePath('deploy/gone/c') },
  { files: 2, removals: 1 },
]
  .map(manifestLine)
  .join('');

/** What a run does after the manifest is in place, one step each; the last one is the removal of the journal. */
const STEPS: readonly ((at: Place) => void)[] = [
  ({ root }) => {
    rmSync(path.join(root, 'deploy/gone/c'));
  },
  ({ root }) => {
    rmSync(path.join(root, 'deploy/gone'), { recursive: true });
  },
  ({ root, folder }) => {
    renameSync(path.join(folder, 'files/deploy/a'), path.join(root, 'deploy/a'));
  },
  ({ root, folder }) => {
    renameSync(path.join(folder, 'files/deploy/new'), path.join(root, 'deploy/new'));
  },
  ({ folder }) => {
    writeFileSync(path.join(folder, 'left'), '');
  },
];

for (let cut = 0; cut <= STEPS.length; cut += 1) {
  test(`journal: cut off after ${cut} steps of a commit, the next run finishes it`, (t) => {
    const at = place(t);
    staged(at);
    writeFileSync(path.join(at.folder, 'manifest.jsonl'), MANIFEST);
    for (const step of STEPS.slice(0, cut)) step(at);
    t.true(isHalfWritten(at.root));
    t.is(recover(at.root, at.state), 'finished');
    t.deepEqual(files(at.root), AFTER);
    t.false(existsSync(path.join(at.root, 'deploy/gone')));
    t.false(isHalfWritten(at.root));
    t.is(recover(at.root, at.state), 'nothing');
  });
}

for (const [what, moved] of [
  ['made', []],
  ['made, with one of its files', ['d']],
] as const)
  test(`journal: cut off where a new folder was ${what}, as on another file system, the next run finishes it`, (t) => {
    const at = place(t);
    staged(at).stage({ path: treePath('deploy/new/e'), content: 'new e' });
    const e = { path: treePath('deploy/new/e'), digest: digestOf('new e') };
    const manifest = manifestLine(e) + MANIFEST.replace('"files":2', '"files":3');
    writeFileSync(path.join(at.folder, 'manifest.jsonl'), manifest);
    mkdirSync(path.join(at.root, 'deploy/new'));
    rmSync(path.join(at.root, 'deploy/gone'), { recursive: true });
    for (const name of moved)
      renameSync(
        path.join(at.folder, 'files/deploy/new', name),
        path.join(at.root, 'deploy/new', name),
      );
    t.is(recover(at.root, at.state), 'finished');
    t.deepEqual(files(at.root), { ...AFTER, 'deploy/new/e': 'new e' });
  });

for (const link of ['files', 'files/deploy', 'files/deploy/new', 'files/deploy/new/d'])
  test(`journal: a link at ${link} of a journal is ERR_JOURNAL, and moves nothing of elsewhere here`, (t) => {
    const at = place(t);
    const outside = place(t);
    for (const { root, state } of [at, outside]) {
      const journal = new Journal(root, state);
      journal.stage({ path: treePath('deploy/new/d'), content: 'new d' });
    }
    const manifest = only(
      manifestLine({ path: treePath('deploy/new/d'), digest: digestOf('new d') }).trim(),
    );
    writeFileSync(path.join(at.folder, 'manifest.jsonl'), manifest);
    rmSync(path.join(at.folder, link), { recursive: true });
    symlinkSync(path.join(outside.folder, link), path.join(at.folder, link));
    const before = files(outside.root);
    refused(
      t,
      () => recover(at.root, at.state),
      'ERR_JOURNAL',
      /^"deploy\/new\/d" of a run that was cut off is no file of its journal$/u,
    );
    t.deepEqual(files(outside.root), before);
    t.like(files(at.root), BEFORE);
    t.false(existsSync(path.join(at.root, 'deploy/new')));
  });

for (const [what, edit] of [
  ['a staged file', ({ folder }: Place) => [path.join(folder, 'files/deploy/new/d'), '']],
  ['a folder of staged files', ({ folder }: Place) => [path.join(folder, 'files/deploy/new'), '']],
  ['a file in place', ({ root }: Place) => [path.join(root, 'deploy/a'), 'old a']],
] as const) {
  test(`journal: ${what} that is not as decided stops the next run before it changes anything`, (t) => {
    const at = place(t);
    staged(at);
    writeFileSync(path.join(at.folder, 'manifest.jsonl'), MANIFEST);
    renameSync(path.join(at.folder, 'files/deploy/a'), path.join(at.root, 'deploy/a'));
    const [file = '', content = ''] = edit(at);
    rmSync(file, { recursive: true });
    writeFileSync(file, content);
    const before = files(at.root);
    refused(
      t,
      () => recover(at.root, at.state),
      'ERR_JOURNAL',
      /^the tree was changed after a run was cut off in the midst of it$/u,
    );
    t.deepEqual(files(at.root), before);
  });
}

test('journal: two runs at once have journals of their own', (t) => {
  const at = place(t);
  staged(at);
  const second = new Journal(at.root, at.state);
  second.stage({ path: treePath('deploy/b'), content: 'new b' });
  second.commit();
  t.like(files(at.root), { ...BEFORE, 'deploy/b': 'new b' });
  t.is(recover(at.root, at.state), 'discarded');
  t.like(files(at.root), { ...BEFORE, 'deploy/b': 'new b' });
});

test('journal: after an interrupt nothing more is staged or written', (t) => {
  const at = place(t);
  const journal = staged(at);
  journal.discard();
  const stage = (): void => {
    journal.stage({ path: treePath('deploy/a'), content: 'x' });
  };
  refused(t, stage, 'ERR_WRITE', /^the run was interrupted; nothing was written$/u);
  refused(
    t,
    () => {
      journal.commit();
    },
    'ERR_WRITE',
    /^the run was interrupted; nothing was written$/u,
  );
  t.deepEqual(files(at.root), BEFORE);
});

test('journal: a link in place of a journal is removed, and what it leads to is not', (t) => {
  const at = place(t);
  const outside = place(t);
  staged(outside);
  writeFileSync(path.join(outside.folder, 'manifest.jsonl'), MANIFEST);
  const before = files(outside.root);
  symlinkSync(outside.folder, path.join(at.state, 'journal-x'));
  t.false(isHalfWritten(at.root));
  t.is(recover(at.root, at.state), 'discarded');
  t.deepEqual(files(outside.root), before);
  t.deepEqual(files(at.root), BEFORE);
});

function refused(t: ExecutionContext, work: () => void, code: ErrorCode, message: RegExp): void {
  const error = t.throws<PkiError>(work, { instanceOf: PkiError, message });
  t.is(error.code, code);
  t.true(error.hints.length > 0);
}

/** A manifest of one line, and its end. */
const only = (line: string, end: object = { files: 1, removals: 0 }): string =>
  `${line}\n${JSON.stringify(end)}\n`;

for (const [what, manifest] of [
  ['is not JSON', '{'],
  ['is empty', ''],
  ['is a list', '[]\n'],
  ['is cut off', '{"path": "deploy/a", "digest": "x"}\n'],
  ['is cut off in a line', '{"path": "deploy/a", "dig'],
  ['counts other files', only('{"path": "a", "digest": "x"}', { files: 2, removals: 0 })],
  ['counts other removals', only('{"remove": "a"}', { files: 0, removals: 0 })],
  ['goes on after its end', `{"files": 0, "removals": 0}\n{"remove": "a"}\n`],
  ['has a number for a path', only('{"path": 1, "digest": "x"}')],
  ['writes above the repository', only('{"path": "../x", "digest": "x"}')],
  [
    'writes above the repository in the middle of a path',
    only('{"path": "a/../../x", "digest": "x"}'),
  ],
  ['writes to an absolute path', only('{"path": "/tmp/x", "digest": "x"}')],
  ['writes into .git', only('{"path": ".git/hooks/pre-commit", "digest": "x"}')],
  ['writes into .GIT', only('{"path": ".GIT/hooks/pre-commit", "digest": "x"}')],
  ['writes to a path with a null', only('{"path": "a\\u0000b", "digest": "x"}')],
  ['has a file without digest', only('{"path": "a"}')],
  ['removes the lock', only('{"remove": ".cdk8s-pki/lock"}', { files: 0, removals: 1 })],
  ['removes above the repository', only('{"remove": "../x"}', { files: 0, removals: 1 })],
] as const) {
  test(`journal: a manifest that ${what} is ERR_JOURNAL and changes nothing`, (t) => {
    const at = place(t);
    staged(at);
    writeFileSync(path.join(at.folder, 'manifest.jsonl'), manifest);
    const before = files(at.root);
    refused(t, () => recover(at.root, at.state), 'ERR_JOURNAL', /cannot be read$/u);
    t.deepEqual(files(at.root), before);
  });
}

test('journal: a link that leads to itself is ERR_JOURNAL', (t) => {
  const at = place(t);
  staged(at);
  writeFileSync(path.join(at.folder, 'manifest.jsonl'), MANIFEST);
  rmSync(path.join(at.folder, 'files'), { recursive: true });
  symlinkSync('files', path.join(at.folder, 'files'));
  refused(
    t,
    () => recover(at.root, at.state),
    'ERR_JOURNAL',
    /of a run that was cut off cannot be read$/u,
  );
  t.like(files(path.join(at.root, 'deploy')), { a: 'old a', 'gone/c': 'old c' });
});

test('journal: a manifest that is a link is ERR_JOURNAL', (t) => {
  const at = place(t);
  staged(at);
  symlinkSync('/dev/zero', path.join(at.folder, 'manifest.jsonl'));
  refused(t, () => recover(at.root, at.state), 'ERR_JOURNAL', /cannot be read$/u);
});

test('journal: what is no file of the manifest is not put into place after a cut', (t) => {
  const at = place(t);
  staged(at);
  writeFileSync(path.join(at.folder, 'manifest.jsonl'), MANIFEST);
  symlinkSync('/etc', path.join(at.folder, 'files/deploy/new/evil'));
  writeFileSync(path.join(at.folder, 'files/deploy/new/extra'), 'extra');
  t.is(recover(at.root, at.state), 'finished');
  t.deepEqual(files(at.root), AFTER);
  t.deepEqual(readdirSync(path.join(at.root, 'deploy/new')), ['d']);
});

test('journal: one that was dropped while its run is at work ends that run, and nothing is written', (t) => {
  for (const goOn of [
    (journal: Journal) => {
      journal.stage({ path: treePath('deploy/more/e'), content: 'new e' });
    },
    (journal: Journal) => {
      journal.commit();
    },
  ]) {
    const at = place(t);
    const journal = staged(at);
    rmSync(at.folder, { recursive: true });
    refused(
      t,
      () => {
        goOn(journal);
      },
      'ERR_WRITE',
      /ENOENT.*; nothing was written$/u,
    );
    t.deepEqual(files(at.root), BEFORE);
  }
});

test('journal: of which one file was removed while its run is at work, nothing is written', (t) => {
  for (const name of ['deploy/a', 'deploy/new/d']) {
    const at = place(t);
    const journal = staged(at);
    rmSync(path.join(at.folder, 'files', name));
    refused(
      t,
      () => {
        journal.commit();
      },
      'ERR_WRITE',
      /^somebody removed files of .*; nothing was written$/u,
    );
    t.deepEqual(files(at.root), BEFORE);
  }
});

for (const name of ['gone', 'empty'])
  test(`journal: a folder in place of a file (${name}) is found before anything is written`, (t) => {
    const at = place(t);
    mkdirSync(path.join(at.root, 'deploy/empty'));
    const journal = new Journal(at.root, at.state);
    journal.stage({ path: treePath(`deploy/${name}`), content: 'x' });
    refused(
      t,
      () => {
        journal.commit();
      },
      'ERR_WRITE',
      new RegExp(`^"deploy/${name}" is a folder; nothing was written$`, 'u'),
    );
    t.deepEqual(files(at.root), BEFORE);
    t.false(existsSync(at.folder));
  });

test('journal: a file in place of a folder is found before anything is written', (t) => {
  const at = place(t);
  const journal = staged(at);
  journal.stage({ path: treePath('deploy/b/x'), content: 'x' });
  refused(
    t,
    () => {
      journal.commit();
    },
    'ERR_WRITE',
    /nothing was written$/u,
  );
  t.deepEqual(files(at.root), BEFORE);
});

test('journal: a link out of the repository is found before anything is written', (t) => {
  const at = place(t);
  const outside = place(t);
  symlinkSync(outside.root, path.join(at.root, 'deploy/out'));
  const journal = staged(at);
  journal.stage({ path: treePath('deploy/out/x'), content: 'x' });
  refused(
    t,
    () => {
      journal.commit();
    },
    'ERR_WRITE',
    /^"deploy\/out" leads out of the repository; nothing was written$/u,
  );
  t.deepEqual(files(outside.root), BEFORE);
  t.deepEqual(files(path.join(at.root, 'deploy')), {
    a: 'old a',
    b: 'old b',
    'gone/c': 'old c',
  });
});

for (const [what, target] of [
  ['.git', '../.git'],
  ['the folder of the journal', '../.cdk8s-pki'],
] as const) {
  test(`journal: a link into ${what} is found before anything is written`, (t) => {
    const at = place(t);
    mkdirSync(path.join(at.root, '.git'));
    symlinkSync(target, path.join(at.root, 'deploy/in'));
    const journal = new Journal(at.root, at.state);
    journal.stage({ path: treePath('deploy/in/x'), content: 'x' });
    refused(
      t,
      () => {
        journal.commit();
      },
      'ERR_WRITE',
      /^"deploy\/in" leads out of the repository; nothing was written$/u,
    );
    t.deepEqual(files(at.root), BEFORE);
  });
}

for (const [what, target] of [
  ['to a file', 'b'],
  ['to nothing', 'nothing'],
  ['to itself', 'in'],
] as const) {
  test(`journal: a link ${what} in place of a file is found before anything is written`, (t) => {
    const at = place(t);
    symlinkSync(target, path.join(at.root, 'deploy/in'));
    const before = files(at.root);
    const journal = new Journal(at.root, at.state);
    journal.stage({ path: treePath('deploy/new/x'), content: 'x' });
    journal.stage({ path: treePath('deploy/in'), content: 'x' });
    refused(
      t,
      () => {
        journal.commit();
      },
      'ERR_WRITE',
      /^"deploy\/in" is a symbolic link; nothing was written$/u,
    );
    t.deepEqual(files(at.root), before);
    t.false(existsSync(path.join(at.root, 'deploy/new')), 'nor folders');
  });
}

test('journal: a file that becomes a folder, and a folder that becomes a file', (t) => {
  const at = place(t);
  const journal = new Journal(at.root, at.state);
  journal.stage({ path: treePath('deploy/a/x/y'), content: 'x' });
  journal.stage({ path: treePath('deploy/gone'), content: 'x' });
  journal.remove(treePath('deploy/a'));
  journal.remove(treePath('deploy/gone/c'));
  journal.commit();
  t.deepEqual(files(at.root), { 'deploy/a/x/y': 'x', 'deploy/b': 'old b', 'deploy/gone': 'x' });
});

test('journal: links in a folder in place of a file are not followed, and in the way', (t) => {
  const at = place(t);
  symlinkSync('..', path.join(at.root, 'deploy/gone/up'));
  const journal = new Journal(at.root, at.state);
  journal.stage({ path: treePath('deploy/gone'), content: 'x' });
  journal.remove(treePath('deploy/gone/c'));
  refused(
    t,
    () => {
      journal.commit();
    },
    'ERR_WRITE',
    /^"deploy\/gone" is a folder; nothing was written$/u,
  );
  t.deepEqual(files(at.root), BEFORE);
});

test('journal: a folder in place of a file to remove is found before anything is written', (t) => {
  const at = place(t);
  const journal = staged(at);
  journal.remove(treePath('deploy/gone'));
  refused(
    t,
    () => {
      journal.commit();
    },
    'ERR_WRITE',
    /^"deploy\/gone" is a folder; nothing was written$/u,
  );
  t.deepEqual(files(at.root), BEFORE);
});

test('journal: a link within the repository is followed', (t) => {
  const at = place(t);
  symlinkSync('gone', path.join(at.root, 'deploy/in'));
  const journal = new Journal(at.root, at.state);
  journal.stage({ path: treePath('deploy/in/x'), content: 'x' });
  journal.commit();
  t.is(files(at.root)['deploy/gone/x'], 'x');
});

test('journal: no removal through a link out of the repository', (t) => {
  const at = place(t);
  const outside = place(t);
  symlinkSync(outside.root, path.join(at.root, 'deploy/out'));
  const journal = new Journal(at.root, at.state);
  journal.remove(treePath('deploy/out/deploy/a'));
  refused(
    t,
    () => {
      journal.commit();
    },
    'ERR_WRITE',
    /leads out of the repository/u,
  );
  t.deepEqual(files(outside.root), BEFORE);
});

test('journal: a file to remove that is gone already is fine', (t) => {
  const at = place(t);
  const journal = new Journal(at.root, at.state);
  journal.remove(treePath('deploy/never/was'));
  journal.commit();
  t.deepEqual(files(at.root), BEFORE);
});

test('journal: no room for the journal is ERR_WRITE', (t) => {
  const at = place(t);
  rmSync(at.state, { recursive: true });
  writeFileSync(at.state, 'a file in its place');
  const journal = new Journal(at.root, at.state);
  refused(
    t,
    () => {
      journal.stage({ path: treePath('deploy/a'), content: 'x' });
    },
    'ERR_WRITE',
    /nothing was written$/u,
  );
});
