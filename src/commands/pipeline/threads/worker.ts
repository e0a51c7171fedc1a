import { parentPort } from 'node:worker_threads';
import { treeReader } from '../../../observe/source/reader.ts';
import type { Identities } from '../../../sops/age/identity.ts';
import type { Job } from '../context.ts';
import { makePorts, SYSTEM_ENTROPY } from '../ports.ts';
import { workUnit, type UnitResult } from '../unit/work.ts';
import {
  errorOf,
  problemOf,
  type FromThread,
  type IdentityTexts,
  type ThreadSetup,
  type ToThread,
} from './message.ts';

/** Entry of a worker thread: works on the units that it is sent. */
const port = parentPort;
if (port === null) throw new TypeError('this module runs in a worker thread only');

/** Works on a unit, once it is known how. */
let workOn: (job: Job) => Promise<UnitResult> = () => Promise.reject(new TypeError('no setup'));

function begin({ root, context: copied, make }: ThreadSetup): void {
  const context = { ...copied, reader: treeReader(root), entropy: () => SYSTEM_ENTROPY };
  const ports = make && makePorts(context.fleet, make, identities);
  workOn = (job) => workUnit(context, job, ports);
}

const send = (message: FromThread): void => {
  port.postMessage(message);
};

let answer: PromiseWithResolvers<Identities> | undefined;

/** The main thread alone looks for identities: a program may ask a person. */
function identities(): Promise<Identities> {
  if (answer === undefined) {
    answer = withResolvers();
    send({ type: 'identities-wanted' });
  }
  return answer.promise;
}

async function parse({ list, unusable }: IdentityTexts): Promise<Identities> {
  const { AgeIdentity } = await import('../../../sops/age/identity.ts');
  const parsed = await Promise.all(list.map((text) => AgeIdentity.parse(text)));
  return { list: parsed.filter((identity) => identity !== undefined), unusable };
}

async function work(number: number, job: Job): Promise<void> {
  try {
    send({ type: 'done', number, result: await workOn(job) });
  } catch (error) {
    send({ type: 'failed', number, problem: problemOf(error) });
  }
}

port.on('message', (message: ToThread) => {
  if (message.type === 'job') void work(message.number, message.job);
  else if (message.type === 'setup') begin(message.setup);
  else if (message.type === 'identities') answer?.resolve(parse(message.identities));
  else answer?.reject(errorOf(message.problem));
});

interface PromiseWithResolvers<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T | PromiseLike<T>) => void;
  readonly reject: (reason: unknown) => void;
}

/** `Promise.withResolvers`, which came after Node 20. */
function withResolvers<T>(): PromiseWithResolvers<T> {
  let resolve: PromiseWithResolvers<T>['resolve'] = () => undefined;
  let reject: PromiseWithResolvers<T>['reject'] = () => undefined;
  const promise = new Promise<T>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  return { promise, resolve, reject };
}
