/** What stands in a public projection where a private key stands in the file, by the hash of its SPKI. */
export const privateKeyStandIn = (spki: string): string => `sha256:${spki}\n`;

/** The annotation that carries a manifest's projection hash. */
export const PROJECTION_ANNOTATION = 'cdk8s-pki/projection';
