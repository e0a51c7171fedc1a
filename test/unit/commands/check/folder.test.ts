import test from 'ava';
import { defaultRenewAt } from '../../../../src/commands/check/folder.ts';
import { at } from './rows.ts';

test('defaultRenewAt: 90 days before the end, as the default policy says', (t) => {
  t.deepEqual(defaultRenewAt('certificate', { notBefore: at(0), notAfter: at(365) }), at(365 - 90));
});

test('defaultRenewAt: not before two thirds of a short life are over', (t) => {
  t.deepEqual(defaultRenewAt('kubeconfig', { notBefore: at(0), notAfter: at(30) }), at(20));
});

test('defaultRenewAt: an authority has room for its longest leaf, three soaks and thirty days', (t) => {
  t.deepEqual(
    defaultRenewAt('authority', { notBefore: at(0), notAfter: at(3650) }),
    at(3650 - 365 - 3 - 30),
  );
  t.deepEqual(defaultRenewAt('authority', { notBefore: at(0), notAfter: at(300) }), at(200));
});
