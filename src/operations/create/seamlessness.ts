// Whether a snapshot's RAM is kept while the guest runs on. Refuses to know how that is done.
import type { OperationRequest } from '../../domain/operation.js';
import type { Facts } from '../../domain/facts.js';
import type { KnownFacts } from '../requiredFacts.js';
import { styleOfVm } from '../../domain/snapshotTree.js';
import type { SnapshotKind } from '../../domain/snapshot.js';

type CreateRequest = Extract<OperationRequest, { kind: 'create' }>;

/**
 * | asked for | the snapshot           | the VM  | what is known of it | → |
 * |-----------|------------------------|---------|---------------------|---|
 * | no, or live | any                  | any     | any                 | no |
 * | yes       | no RAM, or inside      | any     | any                 | no |
 * | yes       | RAM in a file          | no guest runs | any           | no |
 * | yes       | RAM in a file          | running | it can be had       | yes |
 * | yes       | RAM in a file          | running | nothing stands against it, QEMU was not asked | untried |
 * | yes       | RAM in a file          | running | it cannot, not known | no |
 */
export function seamlessness(
  { seamless, live }: Pick<CreateRequest, 'seamless' | 'live'>,
  { snapshotKind, style }: { readonly snapshotKind: SnapshotKind; readonly style: 'internal' | 'external' },
  { vm, seamless: known }: Facts,
): 'yes' | 'untried' | 'no' {
  const isMeant = seamless === true && live !== true && snapshotKind === 'memory' && style === 'external';
  return !isMeant || vm.power !== 'running' || known === undefined || known.kind === 'no' ? 'no' : known.kind;
}

/** For a request that may come to such a snapshot; else it is not asked, for libvirt marks a VM whose QEMU is. */
export function asksForSeamless(
  { seamless, live, snapshotKind, style, without = [] }: Partial<CreateRequest>,
  { vm, tree }: KnownFacts,
): { readonly seamless?: 'try' } {
  const mayBe =
    seamless === true &&
    live !== true &&
    (snapshotKind === 'memory' || snapshotKind === 'auto') &&
    without.length === 0 &&
    (style ?? styleOfVm(tree)) !== 'internal';
  return mayBe && vm.power === 'running' ? { seamless: 'try' } : {};
}
