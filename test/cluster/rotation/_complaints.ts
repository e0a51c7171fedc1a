/** A pair is replaced file by file: whoever reads it in between keeps the pair of before. */
const COMPLAINT = /x509: |tls: (?!private key does not match)|Unauthorized|unknown authority/u;

/**
 * kube-scheduler hears of the authorities of certificates from the API server, of one kind after the other, and refuses in between.
 * kube-controller-manager is given them as files.
 */
const AUTHORITIES =
  'controller="client-ca::kube-system::extension-apiserver-authentication::client-ca-file"';
const REFUSAL = '"Unable to authenticate the request"';

/** What logs say of certificates and tokens. */
export class Complaints {
  /** How much of each log was looked through. */
  readonly #read = new Map<string, number>();
  /** Of whom the authorities are not known yet. */
  readonly #starting = new Set<string>();

  /** Since it was asked last. */
  of(place: string, log: string): readonly string[] {
    const fresh = log.slice(this.#read.get(place) ?? 0).split('\n');
    this.#read.set(place, log.length);
    return fresh
      .filter((line) => this.#isComplaint(place, line))
      .map((line) => `${place}: ${line}`);
  }

  #isComplaint(place: string, line: string): boolean {
    if (line.endsWith(AUTHORITIES) && place.endsWith('/kube-scheduler')) {
      if (line.includes('Waiting for caches')) this.#starting.add(place);
      if (line.includes('Caches are synced')) this.#starting.delete(place);
    }
    return COMPLAINT.test(line) && !(line.includes(REFUSAL) && this.#starting.has(place));
  }
}
