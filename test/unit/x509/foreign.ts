import { generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import forge from 'node-forge';
import { decodeCertificates, formatPem } from '../../../src/x509/read/pem.ts';

/** Certificates that other programs made, for tests. Their private keys are not kept. */

/** The same certificate, every name and extension octet by octet, with an ECDSA P-256 key made now that signs it itself. */
export function withOwnKey(pem: string): { readonly pem: string; readonly privateKey: KeyObject } {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const [der = Buffer.alloc(0)] = decodeCertificates(pem);
  const read = (octets: Buffer): forge.asn1.Asn1 =>
    forge.asn1.fromDer(forge.util.createBuffer(octets.toString('binary')), {
      strict: true,
      decodeBitStrings: false,
    } as never);
  const write = (value: forge.asn1.Asn1): Buffer =>
    Buffer.from(forge.asn1.toDer(value).getBytes(), 'binary');
  const certificate = read(der);
  const [toBeSigned, , signature] = certificate.value as forge.asn1.Asn1[];
  if (toBeSigned === undefined || signature === undefined) throw new TypeError('no certificate');
  const parts = toBeSigned.value as forge.asn1.Asn1[];
  parts[6] = read(publicKey.export({ type: 'spki', format: 'der' }));
  const octets = sign('sha256', write(toBeSigned), privateKey);
  signature.value = `\0${octets.toString('binary')}`;
  return { pem: formatPem('CERTIFICATE', write(certificate)), privateKey };
}

/** CA as kubeadm makes it, by Go's crypto/x509: `O=[zeta a_b], CN=kubernetes`, one of the values a UTF8String. */
export const goCa = `-----BEGIN CERTIFICATE-----
MIIBqTCCAU6gAwIBAgIBATAKBggqhkjOPQQDAjAwMRkwCgYDVQQKDANhX2IwCwYD
VQQKEwR6ZXRhMRMwEQYDVQQDEwprdWJlcm5ldGVzMB4XDTI1MDEwMTAwMDAwMFoX
DTM1MDEwMTAwMDAwMFowMDEZMAoGA1UECgwDYV9iMAsGA1UEChMEemV0YTETMBEG
A1UEAxMKa3ViZXJuZXRlczBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABGc/cJEx
BceihwJr6S9XnonQH8f2TduPqbx2iLFWkAsKBGbdxwXLw5JSuR8VgtMo4JmWSmaj
gfemEIDKjCgDMW2jWTBXMA4GA1UdDwEB/wQEAwICpDAPBgNVHRMBAf8EBTADAQH/
MB0GA1UdDgQWBBT6bFk7OhQf8bhce3UR4kUyv7ZS2zAVBgNVHREEDjAMggprdWJl
cm5ldGVzMAoGCCqGSM49BAMCA0kAMEYCIQDLORptM/i+X3ypQ3uX8I9g8YYaC3DN
7+QkUz7CC29THAIhAMAGd4yb0LfI74/v2d84smHF2G88rRggdRtSE3sHaZVo
-----END CERTIFICATE-----
`;

/** `kube-apiserver` under `goCa`, by Go, to 2034-06-01T02:03:04Z. */
export const goLeaf = `-----BEGIN CERTIFICATE-----
MIIB4zCCAYmgAwIBAgIIf////////wEwCgYIKoZIzj0EAwIwMDEZMAoGA1UECgwD
YV9iMAsGA1UEChMEemV0YTETMBEGA1UEAxMKa3ViZXJuZXRlczAeFw0yNTAxMDEw
MDAwMDBaFw0zNDA2MDEwMjAzMDRaMDExFjAIBgNVBAoTAXcwCgYDVQQKEwN4Onkx
FzAVBgNVBAMTDmt1YmUtYXBpc2VydmVyMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcD
QgAEZz9wkTEFx6KHAmvpL1eeidAfx/ZN24+pvHaIsVaQCwoEZt3HBcvDklK5HxWC
0yjgmZZKZqOB96YQgMqMKAMxbaOBizCBiDAOBgNVHQ8BAf8EBAMCBaAwEwYDVR0l
BAwwCgYIKwYBBQUHAwEwDAYDVR0TAQH/BAIwADAfBgNVHSMEGDAWgBT6bFk7OhQf
8bhce3UR4kUyv7ZS2zAyBgNVHREEKzApggprdWJlcm5ldGVzggNhLmKHBApgAAGH
EP0AAAAAAAAAAAAAAAAAAAEwCgYIKoZIzj0EAwIDSAAwRQIgUosczsA04r95g3Ek
sjRTQt4OwHF/i1FDXOlf8laBX64CIQDlIQVl9v5nBdSOEQiJqzLaJrF4wPaeq8nj
YaZ67rjKHQ==
-----END CERTIFICATE-----
`;

/** CA without a subject key identifier, by OpenSSL. */
export const noSki = `-----BEGIN CERTIFICATE-----
MIIBRzCB7aADAgECAhQ567PWRT5IwWyfzIEB1+SUu6EzfTAKBggqhkjOPQQDAjAR
MQ8wDQYDVQQDDAZuby1za2kwHhcNMjYxMTIyMDgzNzUwWhcNMzYxMTE5MDgzNzUw
WjARMQ8wDQYDVQQDDAZuby1za2kwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAATu
4VvGgyyHVGOaJTKmxGRzTcjks0yNBgYCG4fmZBJnewxCBfK0qFSEEa5GJkUbYazM
6ZI+2Smtcc3gXDkW2Go8oyMwITAPBgNVHRMBAf8EBTADAQH/MA4GA1UdDwEB/wQE
AwICBDAKBggqhkjOPQQDAgNJADBGAiEAskz9GOFpMH2LDxCZkFGSFXaXNnRX/b53
BS3mN5g/TgkCIQCk5tk4LRhXBvnLt6sowCTrwvi3z+nmVClu0dA5ykvbdw==
-----END CERTIFICATE-----
`;

/** CA with the subject key identifier `abcdef0102` and UTF8String names that could be printable, by OpenSSL. */
export const odd = `-----BEGIN CERTIFICATE-----
MIIBaTCCAQ+gAwIBAgIUCKCQVYceS//tf8LF1LuvWXMeOFEwCgYIKoZIzj0EAwIw
GjEKMAgGA1UECgwBVDEMMAoGA1UEAwwDb2RkMB4XDTI2MTEyMjA4Mzc1MFoXDTM2
MTExOTA4Mzc1MFowGjEKMAgGA1UECgwBVDEMMAoGA1UEAwwDb2RkMFkwEwYHKoZI
zj0CAQYIKoZIzj0DAQcDQgAEK4ThUejNIuUmZyq5zZ+C6F6tVsJ5Zo7Cy8ShdkzU
jhTxMNXY2KEhmFsxV+oRqrzJRrFC1XEg281jJ4lrxLhRqqMzMDEwDwYDVR0TAQH/
BAUwAwEB/zAOBgNVHQ8BAf8EBAMCAgQwDgYDVR0OBAcEBavN7wECMAoGCCqGSM49
BAMCA0gAMEUCIE+Zuam2tULz1/9JstZvBjDCzqSatF8DGI7ipVMUb5RXAiEA1Qt6
22Ho3oE/d6Uk3fL0pSSIZJkvJbvwQEq9xS0waJo=
-----END CERTIFICATE-----
`;

/** A P-521 key, and the addresses `::ffff:10.0.0.1`, `::a00:1`, `fe80::`, `1::2:0:0:3`, by OpenSSL. */
export const p521 = `-----BEGIN CERTIFICATE-----
MIICMTCCAZKgAwIBAgIUfbHkoju292oCtWY8Zl+c5qaM6E8wCgYIKoZIzj0EAwIw
DzENMAsGA1UEAwwEcDUyMTAeFw0yNjExMjIwODM3NTBaFw0zNjExMTkwODM3NTBa
MA8xDTALBgNVBAMMBHA1MjEwgZswEAYHKoZIzj0CAQYFK4EEACMDgYYABAGiNSUE
+t7cJgAnt857r0fX8sydl3Y3WBVoPcF+272jnQ98T+FNtgEN8H62nN5DbZxdzYaW
9Qur9+Bu0GaZmobypAAp1nUlZz1/DFWjm/hRPHewtcEo21g3jL7B2s0D1/IKjmov
gxpS/q7FO1xo3qeJXNmM5n8UDxBVD1HfUm4901YKzKOBiDCBhTAMBgNVHRMBAf8E
AjAAMFYGA1UdEQRPME2HEAAAAAAAAAAAAAD//woAAAGHEAAAAAAAAAAAAAAAAAoA
AAGHEP6AAAAAAAAAAAAAAAAAAACHEAABAAAAAAAAAAIAAAAAAAOBA2FAYjAdBgNV
HQ4EFgQUzSQy+JDI4zuBrnzFXPGa3jR3CAEwCgYIKoZIzj0EAwIDgYwAMIGIAkIA
q7Mlr9Yh1cp9T6WPRB0MxQc9k87hzSoBntHNG7mMD/qchzQ0xw+p6bWQ2B7njLtG
zWfjz+DU0F+K2BsJyK6ZTjcCQgFyqxLrkWhfsLraQHZ6YGlsEOKP/Kyj4yON9oMJ
98RIzs8cN+PAWVzl13/tJD4C2t0fgWis0kvPwrSaTc7xJRt5HA==
-----END CERTIFICATE-----
`;

/** By OpenSSL: names of every kind with what node's text escapes. */
export const zoo = `-----BEGIN CERTIFICATE-----
MIIDGjCCAsGgAwIBAgIUDiSfXYbpnNqnCDfqIoqqMi0sYowwCgYIKoZIzj0EAwIw
gZYxCzAJBgNVBAYTAkRFMSkwCgYDVQQKDANhL2IwCgYDVQQKDANxLHgwDwYDVQQK
DAhaZXRhPTErMjEPMA0GA1UECwwGbGluZVxuMQ4wDAYDVQQLDAUgbGVhZDEfMAkG
A1UEBRMCMTIwEgYDVQQDDAvDvGJlciwgdGVzdDENMAsGA1UEBwwEQm9ubjELMAkG
AlMEDANvZGQwHhcNMjYxMTIyMDgxNTQ4WhcNMjYxMjAyMDgxNTQ4WjCBljELMAkG
A1UEBhMCREUxKTAKBgNVBAoMA2EvYjAKBgNVBAoMA3EseDAPBgNVBAoMCFpldGE9
MSsyMQ8wDQYDVQQLDAZsaW5lXG4xDjAMBgNVBAsMBSBsZWFkMR8wCQYDVQQFEwIx
MjASBgNVBAMMC8O8YmVyLCB0ZXN0MQ0wCwYDVQQHDARCb25uMQswCQYCUwQMA29k
ZDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABP9f1rIrBD77Ll95rYHc77Xaxxdo
iOTSJq1D9jeMEYHNhEnHDV/+NF/WqjBpGkKLhteV0cbnpLvjFskS0jflMqKjgeow
gecwgasGA1UdEQSBozCBoIIDYS5iggxmb28sIEROUzpiYXKCBnF1b1x0ZYcEAQID
BIcQIAENuAAAAAAAAAAAAAAAAYcQAAAAAAAAAAAAAP//CgAAAYcQAAAAAAAAAAAA
AAAAAAAAAIYMc3BpZmZlOi8veC95hg9odHRwOi8vYS8/eD0xLDKBB2Zvb0BiYXKI
AioDpA4wDDEKMAgGA1UEAwwBeKALBgMqAwSgBAwCaGkwGAYDVR0lBBEwDwYIKwYB
BQUHAwEGAyoDBDAdBgNVHQ4EFgQUDAxcDbpdE1QBxcHF0w6DosfhcbYwCgYIKoZI
zj0EAwIDRwAwRAIgElt5iaMqo2CMWuetnOd25HGwDhtyAl0yk3lB4rqzwvwCICHg
Qm4mQTFVbBxlA0JRZjHIIJNA/wFpTsGYIukWoxVY
-----END CERTIFICATE-----
`;
