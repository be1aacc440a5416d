// Whether a snapshot's RAM is kept while the guest runs on.
import type { OperationRequest } from '../../domain/operation.js';
import type { Facts } from '../../domain/facts.js';
import type { KnownFacts } from '../requiredFacts.js';
import { insideRefusal } from '../diskRefusals.js';
import { type Refusal, refuse } from '../../domain/refusal.js';
import type { Seamless } from '../../domain/seamless.js';
import { internalRefusal } from '../../domain/snapshotStyle.js';
import { styleOfVm } from '../../domain/snapshotTree.js';
import type { SnapshotKind, SnapshotStyle } from '../../domain/snapshot.js';
import { snapshotableDisks, type Vm } from '../../domain/vm.js';

type CreateRequest = Extract<OperationRequest, { kind: 'create' }>;

/**
 * | asked for | the snapshot           | the VM  | what is known of it | → |
 * |-----------|------------------------|---------|---------------------|---|
 * | no        | any                    | any     | any                 | no |
 * | yes       | no RAM, or inside      | any     | any                 | no |
 * | yes       | RAM in a file          | no guest runs | any           | no |
 * | yes       | RAM in a file          | running | it can be had       | yes |
 * | yes       | RAM in a file          | running | nothing stands against it, QEMU was not asked | untried |
 * | yes       | RAM in a file          | running | it cannot, not known | no |
 */
export function seamlessness(
  { seamless }: Pick<CreateRequest, 'seamless'>,
  { snapshotKind, style }: { readonly snapshotKind: SnapshotKind; readonly style: SnapshotStyle },
  { vm, seamless: known }: Facts,
): 'yes' | 'untried' | 'no' {
  const isMeant = seamless === true && snapshotKind === 'memory' && style === 'external';
  return !isMeant || vm.power !== 'running' || known === undefined || known.kind === 'no' ? 'no' : known.kind;
}

/** What stands against it, as a person is told. */
export function notSeamless(vm: Pick<Vm, 'name'>, { why, said }: Extract<Seamless, { kind: 'no' }>): Refusal {
  return refuse('notSeamless', { vm: vm.name, why, ...(said === undefined ? {} : { said }) }).refusal;
}

/**
 * For a request that may come to such a snapshot; else it is not asked, for libvirt marks a VM whose QEMU is.
 *
 * | snapshots so far | wanted, see `preferredStyle` | RAM can be kept inside | → |
 * |------------------|---------------------------|------------------------|---|
 * | internal, mixed  | any                       | any                    | no: internal, or refused |
 * | external, none   | internal                  | any                    | no |
 * | external, none   | external                  | any                    | try |
 * | none             | nothing                   | yes                    | no: it will be |
 * | none             | nothing                   | no                     | try |
 *
 * What only the images tell against a snapshot inside is not known yet: such a one is then taken in libvirt's own way.
 */
export function asksForSeamless(
  request: Partial<CreateRequest>,
  { vm, tree, capabilities }: KnownFacts,
): { readonly seamless?: 'try' } {
  const { seamless, snapshotKind, without = [] } = request;
  const isMeant =
    seamless === true &&
    (snapshotKind === 'memory' || snapshotKind === 'auto') &&
    without.length === 0 &&
    vm.power === 'running';
  const own = styleOfVm(tree);
  if (!isMeant || own === 'internal' || own === 'mixed') {
    return {};
  }
  const style = preferredStyle(request, { vm, tree });
  const notInside =
    internalRefusal(vm, capabilities, 'memory') ??
    insideRefusal(snapshotableDisks(vm), { vm, capabilities }, 'memory', 'made');
  return style === 'external' || (style === undefined && notInside !== undefined) ? { seamless: 'try' } : {};
}

// Where a snapshot is to be kept by what was asked for, what the VM has, and what its owner says of its disks. Refuses
// to know what libvirt can do.

/** Undefined: inside where that works, else outside. See the table of `chooseKindAndStyle`. */
export function preferredStyle(
  { style, live, snapshotKind, without = [] }: Partial<CreateRequest>,
  { vm, tree }: Pick<Facts, 'vm' | 'tree'>,
): SnapshotStyle | undefined {
  const own = styleOfVm(tree);
  const outside =
    without.length > 0 ||
    (live === true && snapshotKind === 'memory') ||
    snapshotableDisks(vm).some(({ snapshot }) => snapshot === 'external');
  return style ?? (own === 'internal' || own === 'external' ? own : outside ? 'external' : undefined);
}
