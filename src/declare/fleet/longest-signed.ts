import type { IConstruct } from 'constructs';
import { credentialParts, type CredentialPath, type Seconds } from '../../model/names.ts';
import { describeAuthority, leastLife, scopeOf } from '../describe/credentials.ts';
import { markAs, markOf } from '../tree/mark.ts';
import { pathOf } from '../tree/place.ts';
import type { Fleet, OpenFolder } from './collect.ts';

/** How long what each authority signs must be able to live, by its path. */
export type LongestSigned = ReadonlyMap<CredentialPath, Seconds>;

/** What a folder asks of authorities that others sign for as well. */
export interface Asked {
  /** Longest validity of its leaves, by issuer. */
  readonly leaves: LongestSigned;
  readonly subordinates: readonly Subordinate[];
}

/** An authority below another. */
interface Subordinate {
  readonly path: CredentialPath;
  readonly issuer: CredentialPath;
  /** How long it must be able to live, where it signs for so long. */
  readonly leastLife: (longestSigned: Seconds | undefined) => Seconds;
}

/** Of one folder's leaves. */
export function longestLeavesOf(fleet: Fleet, folder: OpenFolder): LongestSigned {
  const longest = new Map<CredentialPath, Seconds>();
  const { settings } = scopeOf(fleet, folder);
  for (const leaf of folder.leaves) {
    const issuer = issuerOf(folder, leaf);
    if (issuer === undefined) continue;
    const mark = markAs(leaf, 'Certificate') ?? markAs(leaf, 'Kubeconfig');
    raise(longest, issuer, mark?.validity ?? settings.certificateValidity);
  }
  return longest;
}

/** Of one folder, what concerns authorities in others, and those above its own. */
export function askedOf(fleet: Fleet, folder: OpenFolder): Asked {
  const scope = scopeOf(fleet, folder);
  const subordinates = folder.keysets.flatMap((keyset): Subordinate[] => {
    const mark = markAs(keyset, 'CertificateAuthority');
    if (mark === undefined || markAs(mark.issuer, 'CertificateAuthority') === undefined) return [];
    const issuer = pathOf(mark.issuer as IConstruct);
    return [
      {
        path: pathOf(keyset),
        issuer,
        leastLife: (longest) => leastLife(describeAuthority(keyset, mark, scope, longest)),
      },
    ];
  });
  const below = new Set(subordinates.map(({ path }) => path));
  const leaves = [...longestLeavesOf(fleet, folder)].filter(
    ([issuer]) => below.has(issuer) || credentialParts(issuer).cluster !== folder.name,
  );
  return { leaves: new Map(leaves), subordinates };
}

/** Of several folders; an authority counts with the life that it needs itself, from the leaves up. */
export function longestSigned(all: readonly Asked[]): LongestSigned {
  const longest = new Map<CredentialPath, Seconds>();
  const below = new Map<CredentialPath, Subordinate[]>();
  for (const { leaves, subordinates } of all) {
    for (const [issuer, validity] of leaves) raise(longest, issuer, validity);
    for (const one of subordinates) {
      const others = below.get(one.issuer);
      if (others === undefined) below.set(one.issuer, [one]);
      else others.push(one);
    }
  }
  const done = new Set<CredentialPath>(); // issuers may form a loop, which is told elsewhere
  const settle = (issuer: CredentialPath): void => {
    if (done.has(issuer)) return;
    done.add(issuer);
    for (const { path, leastLife } of below.get(issuer) ?? []) {
      settle(path);
      raise(longest, issuer, leastLife(longest.get(path)));
    }
  };
  for (const issuer of below.keys()) settle(issuer);
  return longest;
}

function raise(
  longest: Map<CredentialPath, Seconds>,
  issuer: CredentialPath,
  validity: Seconds,
): void {
  longest.set(issuer, Math.max(validity, longest.get(issuer) ?? 0));
}

/** Looks an authority up in all of them. */
export const longestIn =
  (...some: readonly LongestSigned[]) =>
  (authority: CredentialPath): Seconds | undefined => {
    const found = some.flatMap((longest) => longest.get(authority) ?? []);
    return found.length === 0 ? undefined : Math.max(...found);
  };

/** Undefined where there is none, which is told elsewhere. */
function issuerOf(folder: OpenFolder, leaf: IConstruct): CredentialPath | undefined {
  const mark = markOf(leaf);
  const issuer = mark?.kind === 'Certificate' ? mark.issuer : folder.cluster?.kubeadm?.ca;
  return markAs(issuer, 'CertificateAuthority') === undefined
    ? undefined
    : pathOf(issuer as IConstruct);
}
