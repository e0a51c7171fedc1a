import test from 'ava';
import { treePath } from '../../../src/model/names.ts';
import { flag, type FlagCode } from '../../../src/review/flags.ts';
import type { Review } from '../../../src/review/report.ts';
import { Declared } from '../../../src/verify/declared.ts';
import { explainFlags } from '../../../src/verify/explain.ts';
import { fleet, NOW, unit } from '../../_helpers/desired.ts';
import { kubeadmLike } from '../../_helpers/review.ts';

const FILE = treePath('deploy/prod/manifests/x.yaml');

/** Of one flag, where all that a declaration could say of its file speaks for it. */
function explained(code: FlagCode): { readonly findings: string[]; readonly notes: string[] } {
  const prod = kubeadmLike('prod', ['age1x']);
  const declared = new Declared(fleet([prod]));
  declared.add(unit(prod));
  const totals = { renewed: 0, changed: 0, added: 0, removed: 0, rewritten: 0, damaged: 0 };
  const review: Review = {
    now: NOW,
    flags: [flag(code, `${FILE} is there`, { cluster: 'prod', file: FILE })],
    totals: { ...totals, keysets: 0, nodes: 0, files: 1 },
    deadline: null,
    clusters: [],
  };
  const { findings, notes } = explainFlags(review, {
    declared,
    toDo: { actions: [], files: [] },
    findings: [],
    generated: new Set([FILE]),
    made: new Set([FILE]),
    removed: new Set(),
    rules: '',
  });
  const codes = (items: typeof findings): string[] =>
    items.map((item) => `${item.level} ${item.code}`);
  return { findings: codes(findings), notes: codes(notes) };
}

test('explainFlags: nothing explains a file that nobody declared; words of a user pass as a note', (t) => {
  t.deepEqual(explained('UnknownFile'), { findings: ['error UnknownFile'], notes: [] });
  t.deepEqual(explained('UserFile'), { findings: [], notes: ['note UserFile'] });
});
