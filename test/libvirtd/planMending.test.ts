// Deletes, renames and repairs as they are planned, carried out on real files: the layout that a revert of ours leaves,
// branches that an old libvirt cannot delete, names, tags and files that nobody knows.
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { defineTestGuest } from '../../scripts/guest/testGuest.mjs';
import { runOk } from '../../scripts/rig/run.mjs';
import type { Hypervisor } from '../../src/driver/hypervisor.js';
import { systemClock } from '../../src/base/clock.js';
import { OtherVmFacts } from '../../src/live/otherVmFacts.js';
import { type FactsRequest, factsToPlan, factsToDiagnose } from '../../src/engine/look/factsRequests.js';
import { knownFacts } from '../../src/engine/look/ownKnowledge.js';
import { FactsReader } from '../../src/engine/look/factsReader.js';
import { silentLog } from '../silentLog.js';
import { examine } from '../../src/diagnosis/examine.js';
import { severityOf } from '../../src/diagnosis/problemTable.js';
import type { Repair, OperationRequest } from '../../src/domain/operation.js';
import type { AutoSnapshot, Facts } from '../../src/domain/facts.js';
import type { Plan } from '../../src/operations/plan.js';
import { planOperation } from '../../src/operations/decide/planOperation.js';
import { type HypervisorRig, startHypervisorRig, Subject } from './hypervisorRig.js';

type Wish<T> = T extends OperationRequest ? Omit<T, 'vm'> : never;

describe('deletes, renames and repairs as planned', () => {
  let rig: HypervisorRig;
  let hypervisor: Hypervisor;
  let subject: Subject;
  const records: AutoSnapshot[] = [];

  const at = (name: string): string => join(rig.daemon.dir, name);
  const files = (): readonly string[] =>
    readdirSync(rig.daemon.dir)
      .filter((name) => name.startsWith('mend') && !name.endsWith('.log'))
      .toSorted();
  const ref = (): OperationRequest['vm'] => ({ connection: rig.daemon.uri, uuid: subject.uuid });

  async function look(asked: (known: Facts) => FactsRequest): Promise<Facts> {
    const tree = await hypervisor.readTree(subject.uuid);
    const known = knownFacts(hypervisor, await subject.read(), tree, Date.now(), { records });
    const otherVms = new OtherVmFacts({ clock: systemClock, log: silentLog, isHeld: () => false });
    return new FactsReader({ hypervisor, otherVms, log: silentLog }, known).read(asked(known));
  }

  async function refusal(wish: Wish<OperationRequest>): Promise<string> {
    const request = { ...wish, vm: ref() } as OperationRequest;
    const decision = planOperation(request, await look((known) => factsToPlan(request, known)));
    return decision.kind === 'plan' ? `planned: ${JSON.stringify(decision.steps)}` : decision.refusal.reason;
  }

  async function carryOut(wish: Wish<OperationRequest>): Promise<Plan> {
    const request = { ...wish, vm: ref() } as OperationRequest;
    const decision = planOperation(request, await look((known) => factsToPlan(request, known)));
    assert.ok(decision.kind === 'plan', JSON.stringify(decision));
    for (const step of decision.steps) {
      await subject.run(step);
      if (step.kind === 'createSnapshot' && step.auto !== undefined) {
        const { createdAt } = await subject.snapshot(step.name);
        records.push({ name: step.name, why: step.auto, createdAt });
      }
    }
    return decision;
  }

  async function repairOf(what: Repair['kind']): Promise<Repair> {
    const { diagnoses } = examine(ref(), await look(factsToDiagnose));
    const found = diagnoses.find(({ repair }) => repair?.repair.kind === what);
    assert.ok(found?.repair?.decision.kind === 'plan', JSON.stringify(diagnoses));
    return found.repair.repair;
  }

  const wrong = async (): Promise<readonly string[]> =>
    examine(ref(), await look(factsToDiagnose))
      .diagnoses.filter(({ problem }) => severityOf(problem) !== 'note')
      .map(({ problem }) => problem.kind);
  const family = async (): Promise<string> => {
    const { snapshots, current } = await hypervisor.readTree(subject.uuid);
    return snapshots
      .map(({ name, parent }) => `${parent === undefined ? '' : `${parent}/`}${name}${name === current ? '*' : ''}`)
      .toSorted()
      .join(' ');
  };
  const create = (title: string): Promise<Plan> =>
    carryOut({ kind: 'create', snapshotKind: 'offline', style: 'external', title });
  const remove = (snapshot: string): Promise<Plan> => carryOut({ kind: 'delete', snapshot, scope: 'one' });

  before(async () => {
    rig = await startHypervisorRig();
    hypervisor = await rig.open();
    await defineTestGuest(rig.daemon, { name: 'mend', disks: ['qcow2'] });
    subject = await Subject.named(hypervisor, 'mend');
  });
  after(() => rig.stop());

  it('goes through a whole life and leaves the one image', async () => {
    const [image, ...others] = files();
    assert.ok(image !== undefined && others.length === 0, files().join(' '));
    await create('a');
    await create('b');
    await create('c');
    const { steps } = await carryOut({ kind: 'revert', snapshot: 'a', after: 'off' });
    const leaf = steps.find((step) => step.kind === 'createSnapshot')?.name;
    assert.deepEqual(await wrong(), []);

    if (leaf !== undefined) {
      assert.equal(await family(), `a a/${leaf}* a/b b/c`);
      assert.equal(await refusal({ kind: 'delete', snapshot: leaf, scope: 'one' }), 'layoutLeafNeeded');
    }
    await carryOut({ kind: 'rename', snapshot: 'b', title: 'Renamed b' });
    assert.match(await family(), /a\/Renamed-b Renamed-b\/c|Renamed-b\/c .*a\/Renamed-b/u);
    assert.deepEqual(await wrong(), []);

    await carryOut({ kind: 'delete', snapshot: 'Renamed-b', scope: 'withDescendants' });
    assert.equal(await family(), leaf === undefined ? 'a*' : `a a/${leaf}*`);
    assert.deepEqual(await wrong(), []);

    if (leaf !== undefined) {
      await remove(leaf);
      assert.equal(await family(), 'a*');
    }
    await remove('a');
    assert.equal(await family(), '');
    assert.deepEqual(files(), [image]);
    assert.deepEqual((await subject.read()).disks.map(({ source }) => source).filter(Boolean), [at(image)]);
    await runOk('qemu-img', ['check', '-q', at(image)]);
  });

  it('names the VM’s overlay anew when the branch beside it has gone', async () => {
    const [image] = files();
    await create('p');
    await create('q');
    await carryOut({ kind: 'revert', snapshot: 'p', after: 'off' });
    await create('r');
    await remove('q');
    const why = await refusal({ kind: 'delete', snapshot: 'p', scope: 'one' });
    assert.match(why, /^planned/u, 'we merge what the VM stands on, whatever it names');
    await remove('r');
    const { current, snapshots } = await hypervisor.readTree(subject.uuid);
    if (current !== undefined && snapshots.length > 1) {
      await remove(current);
    }
    assert.equal(await family(), 'p*');
    assert.deepEqual(await wrong(), []);
    await remove('p');
    assert.deepEqual(files(), [image]);
  });

  it('finds a tag and an overlay that nobody knows, and takes them away', async () => {
    const [image = ''] = files();
    await runOk('qemu-img', ['snapshot', '-c', 'stranger', at(image)]);
    const overlay = at(`${image.replace(/\.[^.]*$/u, '')}.1700000000`);
    await runOk('qemu-img', ['create', '-q', '-f', 'qcow2', '-F', 'qcow2', '-b', at(image), overlay]);
    assert.deepEqual(await wrong(), ['orphanTag']);
    await carryOut({ kind: 'repair', repair: await repairOf('removeFiles') });
    await carryOut({ kind: 'repair', repair: await repairOf('removeTag') });
    assert.deepEqual(await wrong(), []);
    assert.deepEqual(files(), [image]);
    assert.doesNotMatch(await runOk('qemu-img', ['snapshot', '-l', at(image)]), /stranger/u);
  });
});
