import { Construct } from 'constructs';
import { SERVICE_ACCOUNT_KEY, type AuthorityName } from '../catalog/authorities.ts';
import { AUTHORITIES } from '../catalog/authorities.ts';
import { CERTIFICATES } from '../catalog/certificates.ts';
import { LONGEST_KUBECONFIG } from '../catalog/defaults.ts';
import { KUBECONFIGS } from '../catalog/kubeconfigs.ts';
import { alternativeNames } from '../catalog/names/san.ts';
import { WORKERS } from '../catalog/names/tree-name.ts';
import { RBAC } from '../catalog/rbac.ts';
import { SAN_RULES } from '../catalog/sans.ts';
import type { App } from './app.ts';
import { CertificateAuthority } from './certificate-authority.ts';
import { Certificate } from './certificate.ts';
import { Cluster } from './cluster.ts';
import { bundleFiles, type BundleSource } from './kubeadm/bundle-files.ts';
import { addClusterInfo, CLUSTER_INFO } from './kubeadm/cluster-info.ts';
import {
  controlPlaneFiles,
  etcdMemberOf,
  readControlPlane,
  type ControlPlane,
} from './kubeadm/control-plane.ts';
import type { KubeadmClusterProps } from './kubeadm/props.ts';
import { addRbac } from './kubeadm/rbac.ts';
import { workerFiles } from './kubeadm/static-pod-files.ts';
import { readTopology, sansOf, type Topology, type TopologyNode } from './kubeadm/topology.ts';
import { Kubeconfig } from './kubeconfig.ts';
import { NodeBundle } from './node-bundle.ts';
import { ServiceAccountKey } from './service-account-key.ts';
import { defer } from './tree/deferred.ts';
import { markAs, setMark } from './tree/mark.ts';
import { chartNameOf, pathOf } from './tree/place.ts';
import { addProblems } from './tree/problems.ts';

const NODES = 'nodes';
const WORKERS_ID = 'workers';

/** Ids of what is made when somebody looks, for thousands of clusters. */
const DEFERRED = new Set([NODES, ...RBAC.map(({ id }) => id), CLUSTER_INFO]);
const DEFERRED_WITH_WORKERS = new Set([...DEFERRED, WORKERS_ID]);

/** What is kept of a cluster's props until its nodes are made: of thousands of clusters, so no more than that. */
interface Parts {
  readonly topology: Topology;
  readonly controlPlane: ControlPlane;
  readonly kubeadmCaKeys: boolean;
}

/**
 * The PKI of a cluster whose control plane is laid out as kubeadm does (`kubeadm init phase certs` and `kubeconfig`): keysets
 * `ca`, `etcd-ca`, `front-proxy-ca` and `service-account-key`; for each control-plane node its own leaf certificates and
 * kubeconfigs, and a node bundle with the files below `/etc/kubernetes`. With a `kubernetesVersion` the bundle is enough to start the
 * control plane. The chart has kubeadm's RBAC objects for nodes and administrators, and
 * `kube-public/cluster-info`.
 */
export class KubeadmCluster extends Cluster {
  /** Signs the API server's certificate and every client certificate. */
  readonly ca: CertificateAuthority;
  /** Signs etcd's certificates; the given authority where etcd is external. */
  readonly etcdCa: CertificateAuthority;
  /** Signs the certificate by which the API server shows itself to extension API servers. */
  readonly frontProxyCa: CertificateAuthority;
  readonly serviceAccountKey: ServiceAccountKey;

  constructor(scope: App, id: string, props: KubeadmClusterProps) {
    super(scope, id, props);
    const topology = readTopology(props);
    const [controlPlane, problems] = readControlPlane(chartNameOf(this), props);
    addProblems(this, [...topology.problems, ...problems]);
    const { workerNodes, kubeadmCaKeys = false } = props;
    // no more than this of them, and now: the user's own lists may change after this line
    const workers = workerNodes && [
      ...new Set(workerNodes.flatMap((node) => node.recipients ?? [])),
    ];
    const externalEtcd = props.etcd === undefined || props.etcd === 'stacked' ? null : props.etcd;

    this.ca = props.ca ?? this.#authority('ca');
    this.etcdCa = externalEtcd?.authority ?? this.#authority('etcd-ca');
    this.frontProxyCa = props.frontProxyCa ?? this.#authority('front-proxy-ca');
    this.serviceAccountKey =
      props.serviceAccountKey ?? new ServiceAccountKey(this, SERVICE_ACCOUNT_KEY.name);
    if (this.ca === this.frontProxyCa)
      addProblems(this, [
        'ca and frontProxyCa are one: every client certificate could pass for the front proxy',
      ]);

    // kube-controller-manager signs with it, and `kubeconfig` of this program
    const signing = markAs(this.ca, 'CertificateAuthority');
    if (signing !== undefined) {
      const signed = Math.max(controlPlane.clusterSigningDuration, LONGEST_KUBECONFIG);
      const outsideLife = Math.max(signing.outsideLife, signed);
      setMark(this.ca, { ...signing, outsideLife });
    }

    const mark = markAs(this, 'Cluster');
    const keysets = [this.ca, this.etcdCa, this.frontProxyCa, this.serviceAccountKey];
    const kubeadm = { server: topology.server, ca: this.ca, keysets };
    if (mark !== undefined) setMark(this, { ...mark, kubeadm });

    defer(this, workers === undefined ? DEFERRED : DEFERRED_WITH_WORKERS, () => {
      this.#nodes({ topology, controlPlane, kubeadmCaKeys });
      if (workers !== undefined) this.#workers(workers, topology);
      addRbac(this);
      addClusterInfo(this, this.ca, topology.server);
    });
  }

  /**
   * A leaf certificate by kubeadm's name, e.g. `certificate('apiserver', 'cp-1')`; the node may be left out where there is one.
   * @throws TypeError where there is no such node or certificate
   */
  certificate(name: string, node?: string): Certificate {
    const holder = this.node.findChild(NODES);
    const bundles = holder.node.children;
    const bundle = node === undefined && bundles.length === 1 ? bundles[0] : undefined;
    const found = bundle ?? holder.node.tryFindChild(node ?? '');
    if (found === undefined) {
      const names = bundles.map((child) => child.node.id).join(', ');
      throw new TypeError(`certificate "${name}" belongs to one of the nodes ${names}: name it`);
    }
    const certificate = found.node.tryFindChild(name);
    if (markAs(certificate, 'Certificate') === undefined) {
      const names = CERTIFICATES.map((row) => row.name).join(', ');
      throw new TypeError(`"${name}" is not one of the certificates ${names}`);
    }
    return certificate as Certificate;
  }

  #authority(name: AuthorityName): CertificateAuthority {
    const commonName = AUTHORITIES.find((row) => row.name === name)?.commonName ?? name;
    return new CertificateAuthority(this, name, { subject: { commonName } });
  }

  #nodes(parts: Parts): void {
    const { topology, kubeadmCaKeys } = parts;
    const isExternal = topology.etcdEndpoints !== null;
    const certificates = CERTIFICATES.filter((row) => !isExternal || !row.stackedEtcdOnly);
    const keysets = {
      ca: this.ca,
      'etcd-ca': this.etcdCa,
      'front-proxy-ca': this.frontProxyCa,
      [SERVICE_ACCOUNT_KEY.name]: this.serviceAccountKey,
    };
    const source: Omit<BundleSource, 'node'> = {
      cluster: chartNameOf(this),
      keysets: new Map(Object.entries(keysets).map(([name, keyset]) => [name, pathOf(keyset)])),
      leaves: new Set([...certificates, ...KUBECONFIGS].map(({ name }) => name)),
      externalEtcd: isExternal,
      kubeadmCaKeys,
    };
    const holder = new Construct(this, NODES);
    for (const node of topology.nodes) this.#node(holder, node, { ...parts, certificates, source });
  }

  #node(
    holder: Construct,
    node: TopologyNode,
    {
      topology,
      controlPlane,
      certificates,
      source,
    }: Parts & {
      readonly certificates: typeof CERTIFICATES;
      readonly source: Omit<BundleSource, 'node'>;
    },
  ): void {
    const { name, recipients, server } = node;
    const issuers = { ca: this.ca, 'etcd-ca': this.etcdCa, 'front-proxy-ca': this.frontProxyCa };
    const bundle = new NodeBundle(holder, name, {
      recipients,
      get files() {
        const software = controlPlaneFiles(controlPlane, topology, node);
        return { ...bundleFiles({ ...source, node: name }), ...software };
      },
    });
    const mark = markAs(bundle, 'NodeBundle');
    const etcdMember = etcdMemberOf(controlPlane, topology, node);
    if (mark !== undefined) setMark(bundle, { ...mark, etcdMember });
    const sans = sansOf(topology, node);
    for (const row of certificates) {
      const commonName = typeof row.commonName === 'string' ? row.commonName : name;
      const { organizations } = row;
      const names = row.sans === null ? {} : alternativeNames(SAN_RULES[row.sans](sans));
      new Certificate(bundle, row.name, {
        issuer: issuers[row.issuer],
        profile: row.profile,
        subject: organizations.length === 0 ? { commonName } : { commonName, organizations },
        ...names,
      });
    }
    for (const { name: file, user, groups, server: which } of KUBECONFIGS) {
      const isLocal =
        typeof which === 'string' ? which === 'local' : topology.minor >= which.localSince;
      new Kubeconfig(bundle, file, {
        user: typeof user === 'string' ? user : `${user.prefix}${name}`,
        groups,
        ...(isLocal ? { server } : {}),
      });
    }
  }

  /** One bundle for all of them: no worker has a key that is made here. */
  #workers(recipients: readonly string[], topology: Topology): void {
    const ca = pathOf(this.ca);
    const bundle = new NodeBundle(this, WORKERS_ID, {
      recipients,
      get files() {
        return workerFiles(ca, topology);
      },
    });
    const mark = markAs(bundle, 'NodeBundle');
    if (mark !== undefined) setMark(bundle, { ...mark, node: WORKERS });
  }
}
