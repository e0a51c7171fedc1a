import test from 'ava';
import { placeText, rolloutParts } from '../../../src/catalog/rotation/parts.ts';
import type { Rollout } from '../../../src/catalog/rotation/rollout.ts';
import type { Following, KeysetUser } from '../../../src/model/desired.ts';
import type { CredentialPath } from '../../../src/model/names.ts';

const FOLLOWING: Following = { files: ['etc/x'], pods: [], kubeconfigs: [], manifests: [] };
const user = (cluster: string, nodes: readonly string[]): KeysetUser => ({
  keyset: 'fleet/ca' as CredentialPath,
  cluster,
  domain: 'ca',
  nodes,
  authorities: [],
  trusting: FOLLOWING,
  issued: FOLLOWING,
});

const placesOf = (rollout: Rollout): string[] =>
  rolloutParts(
    'ca',
    rollout,
    [],
    [user('east', ['_worker', 'cp-1', 'cp-2']), user('north', ['_worker']), user('south', [])],
  ).flatMap(({ places }) =>
    places.flatMap((each) => each.places.map((place) => placeText(place, (text) => text))),
  );

test('placeText: nodes stand in an order where one waits for another, workers after the control plane', (t) => {
  t.deepEqual(placesOf('accept'), [
    'east (cp-1, then cp-2, then workers)',
    'north (workers)',
    'south',
  ]);
  t.deepEqual(placesOf('replace'), ['east (cp-1, cp-2, workers)', 'north (workers)', 'south']);
});
