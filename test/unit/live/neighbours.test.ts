// Whose VMs are asked on other connections, and who could not be.
import assert from 'node:assert/strict';
import { type Neighbour, Neighbours } from '../../../src/live/neighbours.js';
import { OtherVmFacts } from '../../../src/live/otherVmFacts.js';
import { silentLog } from '../../silentLog.js';
import { Failure } from '../../../src/domain/failure.js';
import { FakeClock } from '../engine/fakeClock.js';
import { FakeHypervisor, fakeVm, uuidOf } from '../engine/fakeHypervisor.js';

const own = 'qemu:///system';

describe('the VMs of other connections', () => {
  const clock = new FakeClock();
  const daemon = (uri: string, ...names: readonly string[]): FakeHypervisor =>
    new FakeHypervisor(uri, new Map(names.map((name) => [uuidOf(name), fakeVm(name)])));
  const neighbour = (uri: string, opened: FakeHypervisor | Failure, failure?: Failure): Neighbour => ({
    uri,
    otherVms: new OtherVmFacts({ clock, log: silentLog, isHeld: () => false }),
    view: {
      ...(failure !== undefined && { failure }),
      ...(opened instanceof Failure ? {} : { capabilities: opened.capabilities }),
    },
    open: () => (opened instanceof Failure ? Promise.reject(opened) : Promise.resolve(opened)),
  });
  const onHost = (hypervisor: FakeHypervisor, hostUuid: string): FakeHypervisor =>
    Object.assign(hypervisor, { capabilities: { ...hypervisor.capabilities, hostUuid } });
  const ask = async (...all: readonly Neighbour[]): Promise<readonly [readonly string[], readonly string[]]> => {
    const neighbours = new Neighbours({ uri: own, clock, log: silentLog, all: () => all });
    const { vms, unasked } = await neighbours.read(onHost(daemon(own, 'web'), 'this'), uuidOf('web'));
    return [vms.map(({ name }) => name), unasked];
  };

  it('on the same host are told with their connection', async () => {
    assert.deepEqual(await ask(neighbour('qemu:///session', daemon('qemu:///session', 'clone'))), [
      ['clone (qemu:///session)'],
      [],
    ]);
  });

  it('of the same UUID are others in a session of their own', async () => {
    assert.deepEqual(await ask(neighbour('qemu:///session', daemon('qemu:///session', 'web'))), [
      ['web (qemu:///session)'],
      [],
    ]);
  });

  it('are known to be of another libvirt', async () => {
    const [session, again] = ['qemu:///session', 'qemu+unix:///system?socket=/run/other'];
    const all = [neighbour(session, daemon(session, 'web')), neighbour(again, daemon(again, 'clone'))];
    const neighbours = new Neighbours({ uri: own, clock, log: silentLog, all: () => all });
    const { vms } = await neighbours.read(onHost(daemon(own, 'web'), 'this'), uuidOf('web'));
    assert.deepEqual(
      vms.map(({ isElsewhere }) => isElsewhere),
      [true, undefined],
    );
  });

  it('of the same daemon under another URI are no others', async () => {
    const uri = 'qemu+unix:///system?socket=/run/other';
    assert.deepEqual(await ask(neighbour(uri, daemon(uri, 'web', 'clone'))), [[], []]);
  });

  it('on another host have other files', async () => {
    const far = daemon('qemu+ssh://db/system', 'clone');
    assert.deepEqual(await ask(neighbour('qemu+ssh://db/system', far)), [[], []]);
    const forwarded = daemon('qemu:///session', 'clone');
    const elsewhere = Object.assign(Object.create(forwarded) as FakeHypervisor, {
      capabilities: { ...forwarded.capabilities, hostname: 'another' },
    });
    assert.deepEqual(await ask(neighbour('qemu:///session', elsewhere)), [[], []]);
  });

  it('are found on this host under another of its names, once it has been open', async () => {
    const uri = 'qemu+ssh://10.0.0.7/session';
    assert.deepEqual(await ask(neighbour(uri, onHost(daemon(uri, 'clone'), 'this'))), [[`clone (${uri})`], []]);
    assert.deepEqual(await ask(neighbour(uri, onHost(daemon(uri, 'clone'), 'that'))), [[], []]);
    const same = 'qemu+ssh://10.0.0.7/system';
    assert.deepEqual(await ask(neighbour(same, onHost(daemon(same, 'web', 'clone'), 'this'))), [[], []]);
  });

  it('cannot be asked where nobody answers, or somebody refused before', async () => {
    const session = 'qemu:///session';
    assert.deepEqual(await ask(neighbour(session, new Failure('unreachable'))), [[], [session]]);
    assert.deepEqual(await ask(neighbour(session, new Failure('unreachable', { hasNoVms: true }))), [[], []]);
    assert.deepEqual(await ask(neighbour(session, daemon(session, 'clone'), new Failure('denied'))), [[], [session]]);
  });
});
