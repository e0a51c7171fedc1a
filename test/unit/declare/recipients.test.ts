import test from 'ava';
import { App, Cluster } from '../../../src/index.ts';
import { invalid, newKubeadm, RECIPIENTS } from '../../_helpers/declare.ts';

const { custodian, node } = RECIPIENTS;

test('no recipients', invalid, () => new App({ recipients: [] }), ['', /recipients names nobody/]);

test(
  'recipients that are none, or removed, or named twice',
  invalid,
  () => {
    const app = new App({
      recipients: [custodian, 'age1x', custodian],
      deliveryRecipients: [node],
      removedRecipients: [
        { recipient: node, since: '2026-01-01' },
        { recipient: custodian.replace('n6', 'n7'), since: 'monday' },
      ],
    });
    new Cluster(app, 'prod', { recipients: [] });
    return app;
  },
  ['', /since "monday" is not an RFC 3339 date/],
  ['', /recipients: "age1x" is not an age X25519 recipient/],
  ['', /named twice/],
  ['', /deliveryRecipients: .* is in removedRecipients/],
  ['', /removedRecipients: "age1n7yw9cxz…a6qc" is not an age X25519 recipient/],
  ['prod', /recipients names nobody/],
);

test(
  'a removed recipient without a date, which JavaScript lets pass',
  invalid,
  () => {
    const removed: object = { recipient: node };
    return new App({
      recipients: [custodian],
      removedRecipients: [removed as { recipient: string; since: string }],
    });
  },
  ['', /since undefined is not an RFC 3339 date/],
);

test(
  'a node’s recipient that is none',
  invalid,
  (app) => {
    newKubeadm(app, {
      controlPlaneNodes: [{ name: 'cp-1', advertiseAddress: '10.0.0.1', recipients: ['age1x'] }],
    });
    return app;
  },
  ['prod/nodes/cp-1', /recipients: "age1x"/],
);

test(
  'a tree outside the working directory',
  invalid,
  () => new App({ recipients: [custodian], tree: '../deploy' }),
  ['', /tree "..\/deploy" is not a relative path/],
);
