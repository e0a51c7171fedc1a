import { bad, type Canonical } from '../names/canonical.ts';

/**
 * The etcd image that goes with each minor version (kubeadm 1.34.4, constants.go: SupportedEtcdVersion). Its keys are the versions
 * whose control plane can be written: what is not in the table was not compared with a kubeadm.
 */
export const ETCD_IMAGE_TAGS: Readonly<Record<number, string>> = {
  31: '3.5.24-0',
  32: '3.5.24-0',
  33: '3.5.24-0',
  34: '3.6.5-0',
};

const MINORS = Object.keys(ETCD_IMAGE_TAGS).map(Number);
const [OLDEST, NEWEST] = [Math.min(...MINORS), Math.max(...MINORS)];

/** `1.34.4` of `1.34.4`, `v1.34.4`; `1.34.0` of `1.34`. */
export function kubernetesVersion(text: string): Canonical {
  const match =
    /^v?(?<minor>1\.(?:0|[1-9]\d{0,2}))(?:\.(?<patch>(?:0|[1-9]\d*)(?:-[a-z]+\.\d+)?))?$/u.exec(
      text,
    );
  const { minor = '', patch = '0' } = match?.groups ?? {};
  if (match === null) return bad(text, 'is not like "1.34.4"');
  return minorOf(minor) in ETCD_IMAGE_TAGS
    ? { value: `${minor}.${patch}` }
    : bad(text, `is not one of 1.${OLDEST} to 1.${NEWEST}, whose control planes are known`);
}

/** 34 of `1.34.4`. */
export const minorOf = (version: string): number => Number(version.split('.')[1]);
