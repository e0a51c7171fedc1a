/** A client of the load, as a file that the test writes and the load reads. Its servers are tried in turn. */
export interface Client {
  readonly name: string;
  readonly servers: readonly string[];
  /** Certificates that it trusts; null where it does not look. */
  readonly ca: string | null;
  readonly certificate?: string;
  readonly key?: string;
  readonly token?: string;
  readonly work: readonly Work[];
  /** Its one server asks the API server of its own node about tokens, and refuses them while that one restarts: not for longer. */
  readonly delegates?: boolean;
  /** A file that is written when its one server starts, which hears of the authorities of certificates one by one after that. */
  readonly started?: string;
  /** What `review` has reviewed. */
  readonly tokens?: readonly string[];
  /** What `sign` has signed, and the key that belongs to it. */
  readonly request?: { readonly csr: string; readonly key: string };
}

export const WORK = [
  ...(['read', 'write', 'watch', 'review', 'sign'] as const),
  ...(['scrape', 'extension', 'kubelet', 'etcd', 'whoami'] as const),
] as const;
export type Work = (typeof WORK)[number];

/** A request that an authority, certificate or token let fail. */
export interface Failure {
  readonly client: string;
  readonly work: Work;
  readonly server: string;
  /** `TLS`, `401`, or `no answer`. */
  readonly kind: 'TLS' | '401' | 'no answer';
  readonly message: string;
}

/** What the load has done so far. */
export interface Counts {
  /** Answered requests, by client and work. */
  readonly answered: Readonly<Record<string, number>>;
  /** Connections that were refused or reset, and tried again with another server. */
  readonly refused: number;
  /** Answers of a server that starts, ends, or waits for etcd or another server (403, 429, 5xx), and tried again. */
  readonly notReady: number;
}
