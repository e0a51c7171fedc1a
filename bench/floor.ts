import {
  createCipheriv,
  createHash,
  generateKeyPairSync,
  hkdfSync,
  diffieHellman,
  randomBytes,
  sign,
} from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { newFolder } from './fleet.ts';
import { median } from './measure.ts';

/** What a fresh one-node cluster cannot be made without; how often, counted in its tree. */
export interface Counts {
  readonly keys: number;
  readonly signatures: number;
  readonly encrypted: number;
  readonly values: number;
  readonly files: number;
}

export interface FloorRow {
  readonly work: string;
  readonly count: number;
  /** Milliseconds of all of them, on one thread. */
  readonly milliseconds: number;
}

const ROUNDS = 200;

function each(work: () => void): number {
  for (let warm = 0; warm < 50; warm += 1) work();
  const times = Array.from({ length: ROUNDS }, () => {
    const start = process.hrtime.bigint();
    work();
    return Number(process.hrtime.bigint() - start) / 1e6;
  });
  return median(times);
}

/** The operations themselves, by node:crypto and node:fs, with nothing around them. */
export function floor(counts: Counts): FloorRow[] {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const recipient = generateKeyPairSync('x25519').publicKey;
  const octets = randomBytes(800);
  const folder = newFolder('floor');
  mkdirSync(folder, { recursive: true });
  let file = 0;
  const rows: [string, number, () => void][] = [
    [
      'keys (ECDSA P-256)',
      counts.keys,
      () => void generateKeyPairSync('ec', { namedCurve: 'P-256' }),
    ],
    ['signatures', counts.signatures, () => void sign('sha256', octets, privateKey)],
    [
      'age wraps (X25519)',
      counts.encrypted,
      () => {
        const ephemeral = generateKeyPairSync('x25519');
        const secret = diffieHellman({ privateKey: ephemeral.privateKey, publicKey: recipient });
        hkdfSync('sha256', secret, octets, 'age', 32);
      },
    ],
    [
      'AES-256-GCM and SHA-512',
      counts.values,
      () => {
        const cipher = createCipheriv(
          'aes-256-gcm',
          octets.subarray(0, 32),
          octets.subarray(0, 32),
        );
        cipher.update(octets);
        cipher.final();
        createHash('sha512').update(octets).digest();
      },
    ],
    [
      'files written',
      counts.files,
      () => {
        writeFileSync(path.join(folder, String((file += 1))), octets);
      },
    ],
  ];
  const measured = rows.map(([work, count, run]) => ({
    work,
    count,
    milliseconds: count * each(run),
  }));
  rmSync(folder, { recursive: true, force: true });
  return measured;
}
