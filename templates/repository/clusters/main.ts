import { App, KubeadmCluster } from 'cdk8s-pki';

// The whole fleet. Change it here, run `npx cdk8s-pki plan`, then `synth`; never edit `deploy/` by hand.
const app = new App({
  // Custodians: each of these age recipients (age1…) opens every key. Declare your own, that of CI, and one that is kept offline.
  // `age-keygen -o FILE` makes an identity and prints its recipient; sops looks for FILE in ~/.config/sops/age/keys.txt.
  recipients: ['age1-your-recipient'],
  // deliveryRecipients: ['age1…'], // open manifests, never the store: Flux or Argo CD
});

// A cluster as kubeadm makes one: its authorities, certificates, kubeconfigs and static pods.
new KubeadmCluster(app, 'prod', {
  kubernetesVersion: '1.34.4',
  controlPlaneEndpoint: 'api.prod.example.com:6443',
  controlPlaneNodes: [
    { name: 'cp-1', advertiseAddress: '10.0.0.11' }, // recipients: ['age1…'] open the bundle of this node only
  ],
});

export default app;
