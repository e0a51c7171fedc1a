import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test from 'ava';
import { treePath } from '../../../../src/model/names.ts';
import { treeReader } from '../../../../src/observe/source/reader.ts';

const root = mkdtempSync(path.join(tmpdir(), 'cdk8s-pki-reader-'));
test.after.always(() => {
  rmSync(root, { recursive: true });
});

const reader = treeReader(root);
const put = (name: string, size: number): void => {
  mkdirSync(path.dirname(path.join(root, name)), { recursive: true });
  writeFileSync(path.join(root, name), Buffer.alloc(size, 0x61));
};
const MANY = 5 * 1024 * 1024;

test('treeReader: files of the whole fleet may be larger than documents', (t) => {
  for (const name of ['deploy/authorities.yaml', '.sops.yaml']) {
    put(name, MANY);
    t.is(reader.read(treePath(name))?.length, MANY);
  }
  truncateSync(path.join(root, '.sops.yaml'), 64 * 4 * 1024 * 1024 + 1);
  t.throws(() => reader.read(treePath('.sops.yaml')), {
    code: 'ERR_STORE',
    message: /has more than 268435456 octets$/u,
  });
  put('deploy/prod/pki/web.sops.yaml', MANY);
  t.throws(() => reader.read(treePath('deploy/prod/pki/web.sops.yaml')), {
    code: 'ERR_STORE',
    message: /has more than 4194304 octets$/u,
  });
});

test('treeReader: neither links nor folders are read as files, and what is not there is undefined', (t) => {
  put('a/file', 3);
  symlinkSync('file', path.join(root, 'a/link'));
  symlinkSync(tmpdir(), path.join(root, 'out'));
  t.is(reader.read(treePath('a/file'))?.length, 3);
  t.is(reader.read(treePath('a/none')), undefined);
  t.is(reader.read(treePath('a/file/below')), undefined);
  t.throws(() => reader.read(treePath('a/link')), { code: 'ERR_STORE', message: /symbolic link/u });
  t.throws(() => reader.read(treePath('a')), { code: 'ERR_STORE', message: /is not a file/u });
  t.throws(() => reader.read(treePath('out/file')), { code: 'ERR_READ', message: /leads out/u });
});

test('treeReader: links in a circle, and links that links lead to, are no folders', (t) => {
  put('tree/a/file', 1);
  put('beside/b/file', 1);
  symlinkSync('..', path.join(root, 'tree/a/up'));
  symlinkSync('.', path.join(root, 'tree/a/self'));
  symlinkSync('../../beside', path.join(root, 'tree/a/out'));
  symlinkSync('../../tree/a', path.join(root, 'beside/b/back'));
  symlinkSync('nowhere', path.join(root, 'tree/a/gone'));
  t.deepEqual(reader.list(treePath('tree/a')), ['file', 'gone', 'out/', 'self', 'up']);
  t.deepEqual(reader.list(treePath('tree/a/out')), ['b/']);
  t.deepEqual(reader.list(treePath('tree/a/out/b')), ['back', 'file']);
  t.deepEqual(reader.list(treePath('beside/b')), ['back/', 'file']);
  t.deepEqual(reader.list(treePath('beside/b/back')), ['file', 'gone', 'out', 'self', 'up']);
});
