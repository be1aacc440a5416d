// What can be done with a VM here, kind by kind: asked of the planners themselves, so that the doctor and the menus say
// the same. Knows no file and no finding.
import type { Ability } from './examination.js';
import type { OperationRequest } from '../domain/operation.js';
import { actingFolder } from '../domain/chains/overlayFiles.js';
import type { DraftPlan } from '../operations/plan.js';
import type { Facts } from '../domain/facts.js';
import { planCreate } from '../operations/create/planCreate.js';
import { notSeamless } from '../operations/create/seamlessness.js';
import { planDelete } from '../operations/delete/planDelete.js';
import { planRevert } from '../operations/revert/planRevert.js';
import { formatVersion } from '../domain/capabilities.js';
import { type Refusal, type RefusedDecision, refuse } from '../domain/refusal.js';
import type { Snapshot } from '../domain/snapshot.js';
import { freeTitle } from '../domain/snapshotName.js';
import { sortSnapshots } from '../domain/snapshotTree.js';
import { isActive, snapshotableDisks } from '../domain/vm.js';
import { changePower, withoutSave } from '../steps/changedFacts.js';

type Create = Partial<Extract<OperationRequest, { kind: 'create' }>>;

/** So many of a style are tried until one can be reverted to, or deleted. */
const mostTried = 20;

/**
 * Creating is asked for a VM in the state that the kind needs. For reverting and deleting, the newest snapshots of the
 * style are asked about until one can be; where there is none, libvirt's own abilities tell.
 *
 * | planner says                  | → |
 * |-------------------------------|---|
 * | a plan                        | yes |
 * | a plan, done by us            | byUs |
 * | a refusal                     | no, and why |
 * | a plan with RAM, of a VM whose RAM is in doubt and whose QEMU was not asked | untried |
 */
export function abilities(ref: OperationRequest['vm'], facts: Facts): readonly Ability[] {
  const running = assumeRunning(facts);
  const off = changePower('off', facts);
  const title = freeTitle('Examined', facts.tree.snapshots);
  const create = (what: Ability['kind'], request: Create, inWhat: Facts): Ability =>
    abilityOf(what, planCreate({ kind: 'create', vm: ref, snapshotKind: 'auto', title, ...request }, inWhat));
  const ram = (what: Ability['kind'], request: Create): Ability => {
    const ability = create(what, { snapshotKind: 'memory', ...request }, running);
    const isOpen = facts.vm.ramInDoubt === true && facts.ramBlockers === undefined;
    return ability.can === 'yes' && isOpen ? { kind: what, can: 'untried' } : ability;
  };
  const files = hostFiles(facts);
  return [
    ram('createMemoryInternal', { style: 'internal' }),
    ram('createMemoryExternal', { style: 'external' }),
    ram('createMemoryLive', { style: 'external', live: true }),
    ...seamlessAbility(facts),
    create('createDisk', { snapshotKind: 'disk', style: 'external' }, running),
    create('createQuiesced', { snapshotKind: 'disk', style: 'external', quiesce: true }, running),
    create('createOfflineInternal', { snapshotKind: 'offline', style: 'internal' }, off),
    create('createOfflineExternal', { snapshotKind: 'offline', style: 'external' }, off),
    ofStyle('revertInternal', 'internal', facts, (snapshot) =>
      planRevert({ kind: 'revert', vm: ref, snapshot, after: 'asSnapshot' }, facts),
    ) ?? { kind: 'revertInternal', can: 'yes' },
    ofStyle('revertExternal', 'external', facts, (snapshot) =>
      planRevert({ kind: 'revert', vm: ref, snapshot, after: 'asSnapshot' }, facts),
    ) ?? futureRevert(facts, files),
    ofStyle('deleteInternal', 'internal', facts, (snapshot) =>
      planDelete({ kind: 'delete', vm: ref, snapshot, scope: 'one' }, facts),
    ) ?? { kind: 'deleteInternal', can: 'yes' },
    ofStyle('deleteExternal', 'external', facts, (snapshot) =>
      planDelete({ kind: 'delete', vm: ref, snapshot, scope: 'one' }, facts),
    ) ?? futureDelete(facts),
    files,
  ];
}

function abilityOf(what: Ability['kind'], decision: DraftPlan | RefusedDecision): Ability {
  if (decision.kind === 'refusal') {
    return { kind: what, can: 'no', why: decision.refusal };
  }
  const byUs = decision.warnings.find((warning) => warning.kind === 'doneByUs');
  return byUs === undefined ? { kind: what, can: 'yes' } : { kind: what, can: 'byUs', why: byUs.why };
}

/** Absent: nobody has looked. */
function seamlessAbility({ vm, seamless }: Facts): readonly Ability[] {
  if (seamless?.kind !== 'no') {
    return seamless === undefined ? [] : [{ kind: 'createSeamless', can: seamless.kind }];
  }
  return [{ kind: 'createSeamless', can: 'no', why: notSeamless(vm, seamless) }];
}

/** What is to be done with a snapshot of the style; undefined where there is none. */
function ofStyle(
  what: Ability['kind'],
  style: Snapshot['style'],
  { tree }: Facts,
  decide: (snapshot: string) => DraftPlan | RefusedDecision,
): Ability | undefined {
  let first: Ability | undefined;
  const newest = sortSnapshots(tree, 'time').filter((one) => one.style === style);
  for (const { name } of newest.slice(-mostTried).reverse()) {
    const ability = abilityOf(what, decide(name));
    if (ability.can !== 'no') {
      return ability;
    }
    first ??= ability;
  }
  return first;
}

function futureRevert({ capabilities }: Facts, files: Ability): Ability {
  if (capabilities.driver !== 'qemu') {
    return driverCannot('revertExternal', 'revert', capabilities.driver);
  }
  if (capabilities.externalRevert) {
    return { kind: 'revertExternal', can: 'yes' };
  }
  const { refusal } = refuse('externalRevertUnsupported', {
    snapshot: '',
    version: formatVersion(capabilities.libvirt),
    needed: '9.9',
  });
  return { kind: 'revertExternal', can: files.can === 'yes' ? 'byUs' : 'no', why: refusal };
}

function driverCannot(kind: Ability['kind'], action: string, driver: string): Ability {
  return { kind, can: 'no', why: refuse('driverCannot', { driver, action }).refusal };
}

function futureDelete({ capabilities }: Facts): Ability {
  if (capabilities.driver !== 'qemu') {
    return driverCannot('deleteExternal', 'delete', capabilities.driver);
  }
  if (capabilities.externalDelete) {
    return { kind: 'deleteExternal', can: 'yes' };
  }
  const { refusal } = refuse('externalDeleteUnsupported', {
    snapshot: '',
    version: formatVersion(capabilities.libvirt),
    needed: '9.0',
  });
  return { kind: 'deleteExternal', can: 'no', why: refusal };
}

/** In every folder with a disk of the VM. */
function hostFiles(facts: Facts): Ability {
  const { vm, files } = facts;
  const folders = new Set(
    snapshotableDisks(vm).flatMap(({ source }) => (source === undefined ? [] : [actingFolder(source, facts)])),
  );
  const refusals = [...folders].flatMap((folder): readonly Refusal[] => {
    const can = files?.canAct.get(folder);
    return can === 'yes' ? [] : [refuse('filesOutOfReach', { folder, why: can?.why ?? 'notLookedAt' }).refusal];
  });
  const [why] = refusals;
  return why === undefined ? { kind: 'hostFiles', can: 'yes' } : { kind: 'hostFiles', can: 'no', why };
}

/** The same VM, if it ran: then one that stands still would have its agent, if it has a channel for one. */
export function assumeRunning(facts: Facts): Facts {
  const { power, agentChannel } = facts.vm;
  if (power === 'running') {
    return changePower('running', facts);
  }
  const { agent: _, ...on } = changePower('running', isActive(power) ? facts : withoutSave(facts));
  return { ...on, vm: { ...on.vm, agentConnected: agentChannel } };
}
