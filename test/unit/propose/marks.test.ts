import test from 'ava';
import {
  bodyOf,
  commitMessage,
  filesOf,
  hasRemark,
  labelChanges,
  readMarks,
  recordOf,
  remarkOf,
  titleOf,
  withoutMarks,
} from '../../../src/propose/marks.ts';
import { filesDigest } from '../../../src/propose/git/objects.ts';
import { setDigest, type Work } from '../../../src/propose/policy.ts';

const NOW = new Date('2026-11-22T08:00:00Z');
const work: Work = {
  name: 'prod',
  clusters: ['prod'],
  set: ['issue prod/web'],
  deadline: new Date('2026-12-01T00:00:00Z'),
  renewBefore: 30 * 86_400_000,
};
const MARKS = { set: setDigest(work.set), urgency: 'soon' } as const;

test('readMarks: what bodyOf wrote is read again', (t) => {
  t.deepEqual(readMarks(bodyOf('Some text.', work, NOW)), MARKS);
});

test('bodyOf: stays under 64 KiB, says how much is missing, and keeps its mark', (t) => {
  const body = bodyOf('a line of text with ümlauts\n'.repeat(5000), work, NOW);
  t.true(Buffer.byteLength(body) < 64_000);
  t.regex(body, /… and \d+ more lines/u);
  t.deepEqual(readMarks(body), MARKS);
});

test('bodyOf: a mark in the text itself is not the one that is read', (t) => {
  const planted = `<!-- cdk8s-pki: {"set":"${'0'.repeat(64)}","urgency":"expired"} -->`;
  t.deepEqual(readMarks(bodyOf(planted, work, NOW)), MARKS);
});

test('withoutMarks: leaves the text, and nothing that a later run reads', (t) => {
  const body = withoutMarks(bodyOf('Some text.', work, NOW));
  t.is(body, 'Some text.\n');
  t.deepEqual(readMarks(body), { set: null, urgency: null });
});

const unreadable = test.macro({
  title: (_, body: string) => `readMarks: nothing in ${body}`,
  exec(t, body: string) {
    t.deepEqual(readMarks(body), { set: null, urgency: null });
  },
});
test(unreadable, '');
test(unreadable, '<!-- cdk8s-pki: {"set": -->');
test(unreadable, '<!-- cdk8s-pki: {} -->');
test(unreadable, '<!-- cdk8s-pki: {"set":"../../x","urgency":"loud"} -->');
test(unreadable, '<!-- cdk8s-pki: {"set":7,"urgency":null} -->');

test('commitMessage: the digest of its files is read again, and is of no other files', (t) => {
  const files = [
    { path: 'deploy/a', blob: 'f'.repeat(40) },
    { path: 'deploy/b', blob: null },
  ];
  const message = commitMessage('Renew', work, files);
  t.is(filesOf(message), filesDigest(files));
  t.is(recordOf(message), undefined);
  const recorded = commitMessage('Rotate', { ...work, record: 'asked-for retire a/ca 1' }, files);
  t.is(recordOf(recorded), 'asked-for retire a/ca 1');
  t.is(filesDigest([...files].reverse()), filesDigest(files));
  t.not(filesDigest(files.slice(1)), filesDigest(files));
  t.is(filesOf('Renew\n\nCdk8s-Pki-Files: none\n'), undefined);
});

test('titleOf and labelChanges: both say how near the deadline is, and leave labels of others alone', (t) => {
  t.is(titleOf('Renew 1 certificate', work, NOW), '[due soon] Renew 1 certificate');
  t.deepEqual(labelChanges(['mine'], work, NOW), {
    add: ['cdk8s-pki', 'cdk8s-pki/soon'],
    remove: [],
  });
  const later = new Date('2026-12-01T00:00:00Z');
  t.is(titleOf('Renew 1 certificate', work, later), '[expired] Renew 1 certificate');
  t.deepEqual(labelChanges(['mine', 'cdk8s-pki', 'cdk8s-pki/soon'], work, later), {
    add: ['cdk8s-pki/expired'],
    remove: ['cdk8s-pki/soon'],
  });
});

test('titleOf: the prefix of an earlier day makes room for that of today', (t) => {
  const work = {
    name: 'a',
    clusters: ['a'],
    set: ['x'],
    deadline: new Date('2026-12-01T00:00:00Z'),
    renewBefore: null,
  };
  t.is(titleOf('[due soon] Mine', work, new Date('2026-12-01T00:00:00Z')), '[expired] Mine');
  t.is(titleOf('[urgent] Mine', work, new Date('2026-01-01T00:00:00Z')), 'Mine');
});

test('labelChanges: what is no longer stopped loses the label that says so', (t) => {
  const work = { name: 'a', clusters: ['a'], set: ['x'], deadline: null, renewBefore: null };
  const now = new Date('2026-12-01T00:00:00Z');
  t.deepEqual(labelChanges(['cdk8s-pki'], work, now, true), {
    add: ['cdk8s-pki/stopped'],
    remove: [],
  });
  t.deepEqual(labelChanges(['cdk8s-pki', 'cdk8s-pki/stopped'], work, now), {
    add: [],
    remove: ['cdk8s-pki/stopped'],
  });
});

test('hasRemark: finds what remarkOf marked, and no other', (t) => {
  t.true(hasRemark(['hello', remarkOf('closed', 'Nothing is due.')], 'closed'));
  t.false(hasRemark(['hello'], 'closed'));
});
