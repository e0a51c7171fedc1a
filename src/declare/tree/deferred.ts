import { Node, type Construct, type IConstruct } from 'constructs';

/** By a name for all copies of this package, as marks are. */
const LEND = Symbol.for('cdk8s-pki.lend');

const DEFERRED = Symbol('deferred');

/** Children that are still to be made. */
interface Deferred {
  /** The ids that they take. */
  readonly ids: ReadonlySet<string>;
  /** How many children stand before them. */
  readonly before: number;
  readonly make: () => void;
}

/** What of a node has to do with children; `addChild` is called by the constructor of every construct. */
interface Children {
  get children(): IConstruct[];
  get locked(): boolean;
  tryFindChild(id: string): IConstruct | undefined;
  tryRemoveChild(id: string): boolean;
  addChild(child: IConstruct, id: string): void;
}

/** Nodes whose children are being made: that their tree was locked since must not hinder it. */
const making = new WeakSet();

class DeferringNode extends (Node as unknown as new () => Children) {
  declare [DEFERRED]: Deferred | undefined;

  override get children(): IConstruct[] {
    keep(this);
    return super.children;
  }

  override get locked(): boolean {
    return !making.has(this) && super.locked;
  }

  override tryFindChild(id: string): IConstruct | undefined {
    keep(this, id);
    return super.tryFindChild(id);
  }

  override tryRemoveChild(id: string): boolean {
    keep(this, id);
    return super.tryRemoveChild(id);
  }

  /** A taken id is told at the line of the declaration that takes it again. */
  override addChild(child: IConstruct, id: string): void {
    keep(this, id);
    super.addChild(child, id);
  }

  /** All children in their order; those that are made for this look know their place in the tree, which does not know them. */
  [LEND](): IConstruct[] {
    const deferred = this[DEFERRED];
    if (deferred === undefined) return super.children;
    const there = super.children;
    this[DEFERRED] = undefined;
    making.add(this);
    try {
      deferred.make();
    } finally {
      making.delete(this);
      this[DEFERRED] = deferred;
    }
    const made = super.children.slice(there.length);
    for (const { node } of made.toReversed()) super.tryRemoveChild(node.id);
    return [...there.slice(0, deferred.before), ...made, ...there.slice(deferred.before)];
  }
}

/**
 * As properties of the node itself: an object that is given another prototype has a hidden class for itself alone, which takes half a
 * kilobyte.
 */
const DEFERRING = Object.getOwnPropertyDescriptors(DeferringNode.prototype);
Reflect.deleteProperty(DEFERRING, 'constructor');

/** Makes what is deferred once and for all, if it has this id or none is given. */
function keep(node: DeferringNode, id?: string): void {
  const deferred = node[DEFERRED];
  if (deferred === undefined || (id !== undefined && !deferred.ids.has(id))) return;
  const ordered = node[LEND]().slice(deferred.before);
  node[DEFERRED] = undefined;
  for (const child of ordered) node.tryRemoveChild(child.node.id);
  for (const child of ordered) node.addChild(child, child.node.id);
}

/**
 * Has children of a construct made when somebody looks at them. A fleet has thousands of clusters, each with two dozen constructs, and
 * few declarations look at more than the authorities. Whoever asks the node for children finds them all, as if they had always been there.
 *
 * @param ids of the children.
 * @param make adds them, the same ones each time.
 */
export function defer(construct: Construct, ids: ReadonlySet<string>, make: () => void): void {
  const { node } = construct;
  const deferred: Deferred = { ids, before: node.children.length, make };
  Object.assign(Object.defineProperties(node, DEFERRING), { [DEFERRED]: deferred });
}

/** The children of a construct, for a look that needs them no longer than it takes: what is deferred stays so. */
export function childrenOf(construct: IConstruct): IConstruct[] {
  const node = construct.node as unknown as Partial<Record<typeof LEND, () => IConstruct[]>>;
  return node[LEND]?.() ?? construct.node.children;
}
