// VMs made of others, in the editor: questions, rows under their parent, four forks of one moment, the sandbox, and
// what goes.
import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import * as vscode from 'vscode';
import { counters, runInGuest, waitForAgent } from '../../scripts/guest/inGuest.mjs';
import { virshOf } from '../../scripts/guest/defineVm.mjs';
import { call, CommandRig, fromMenu, type Guest, operate, rejects } from './commandRig.js';
import { Person } from './person.js';

const name = 'clones-web';
const confirm = false;

describe('clones and forks in the editor', () => {
  let rig: CommandRig;
  let guest: Guest;
  let person: Person;

  before(async () => {
    rig = new CommandRig();
    guest = await rig.guest({ name, tick: 1 });
    await call('virtRewind.connect', { connection: rig.uri });
    await call('virtRewind.refresh');
  });
  beforeEach(() => {
    person = new Person();
  });
  afterEach(() => person.leave());
  after(() => rig.stop());

  const virsh = () => virshOf(rig.uri);
  /** Names and descriptions of the rows of the VMs under the VM, as the tree hands them out. */
  const clones = async (): Promise<readonly (readonly [name: string, description: string])[]> => {
    const { tree, engine } = await rig.api();
    const top = (await tree.getChildren()).find((node) => node.kind === 'connection' && node.id === rig.uri);
    const { ref } = await rig.vmRow(name);
    const row = (await tree.getChildren(top)).find((node) => node.kind === 'vm' && node.ref.uuid === ref.uuid);
    assert.ok(row);
    const under = (await tree.getChildren(row)).filter((node) => node.kind === 'vm');
    assert.ok(under.every((node) => tree.getParent(node) === row));
    return under.map((node) => [engine.findVm(node.ref)!.vm.name, String(tree.getTreeItem(node).description).trim()]);
  };
  const names = async (): Promise<readonly string[]> => (await clones()).map(([one]) => one);
  const files = async (): Promise<readonly string[]> =>
    (await readdir(rig.dir)).filter((file) => /^clones-web-(try|two|fork|clone)|\.ram$/u.test(file));

  it('makes one of a VM that is off, after the questions for all that is not given', async () => {
    person.will(
      ({ choices, text }) => {
        assert.deepEqual(choices, ['Linked', 'Full']);
        assert.match(text, /A snapshot of clones-web is created first/u);
        return 'Linked';
      },
      ({ value }) => {
        assert.equal(value, 'clones-web-clone');
        return 'clones-web-try';
      },
      'No Network',
    );
    await fromMenu('virtRewind.cloneVm', await rig.vmRow(name));
    assert.deepEqual(await names(), ['clones-web-try']);
    assert.equal((await rig.snapshots(name)).length, 1);
  });

  it('asks first what it should begin with, where there are snapshots, and leaves with nothing made', async () => {
    person.will(({ choices }) => {
      assert.equal(choices[0], 'You are here');
      assert.equal(choices.length, 2);
      return choices[1];
    }, undefined);
    assert.equal(await fromMenu('virtRewind.cloneVm', await rig.vmRow(name)), undefined);
    assert.equal((await names()).length, 1);
  });

  it('refuses a name that is taken while it is typed', async () => {
    const [snapshot = ''] = await rig.snapshots(name);
    person.will('Linked', async ({ problem }) => {
      assert.match((await problem('clones-web-try')) ?? '', /already/u);
      assert.match((await problem('../up')) ?? '', /letters/u);
      assert.equal(await problem('clones-web-two'), undefined);
      return undefined;
    });
    await fromMenu('virtRewind.cloneVm', await rig.snapshotRow(name, snapshot));
    await rejects(call('virtRewind.cloneVm', { vm: name, name: 'clones-web-try' }), 'refused');
  });

  it('throws it away after a question, with its files', async () => {
    person.will(({ question, text }) => {
      assert.match(question + text, /clones-web-try/u);
      return undefined;
    });
    await fromMenu('virtRewind.discardClone', await rig.vmRow('clones-web-try'));
    assert.deepEqual(await names(), ['clones-web-try']);
    await operate('virtRewind.discardClone', { vm: 'clones-web-try', confirm });
    assert.deepEqual(await names(), []);
    assert.deepEqual(await files(), []);
    await rejects(call('virtRewind.discardClone', { vm: name, confirm }), 'refused');
  });

  it('lets four go on from one moment of a VM that runs, which runs on', async () => {
    await guest.start();
    await guest.setCounters(1_000);
    await call('virtRewind.refresh');
    person.will(
      ({ text }) => {
        assert.match(text, /“Fork point” \(up to .+\) is created first and stays/u);
        return '4';
      },
      ({ value }) => value,
      'No Network',
      'Keep',
    );
    await fromMenu('virtRewind.forkVm', await rig.vmRow(name));
    const forks = await names();
    assert.equal(forks.length, 4);
    assert.ok(
      (await clones()).every(([, row]) => /RAM \d+ MB/u.test(row)),
      String(await clones()),
    );
    const first = await guest.counters();
    assert.equal(first.boot, 1);
    for (const fork of forks) {
      await waitForAgent(virsh(), fork);
      const then = await counters(virsh(), fork);
      assert.equal(then.boot, 1, 'it went on, and did not boot');
      assert.ok(then.memory >= 1_000, String(then.memory));
      await counters(virsh(), fork, 50_000);
    }
    const now = await guest.counters();
    assert.ok(now.memory >= first.memory && now.memory < 50_000, 'the VM is not disturbed');
  });

  it('gives a fork a machine ID of its own after a question, and the next one none', async () => {
    const [fork = '', next = ''] = await names();
    const idOf = async (vm: string): Promise<string> =>
      (await runInGuest(virsh(), vm, 'cat', ['/etc/machine-id'])).stdout;
    for (const vm of [fork, next]) {
      await runInGuest(virsh(), vm, 'sh', ['-c', 'mkdir -p /etc && echo old >/etc/machine-id']);
    }
    const renew = async (): Promise<unknown> => fromMenu('virtRewind.renewIdentity', await rig.vmRow(fork));
    person.will(({ question, text }) => {
      assert.match(question, new RegExp(fork, 'u'));
      assert.match(text, /lost/u);
      return undefined;
    });
    assert.equal(await renew(), undefined);
    assert.equal(await idOf(fork), 'old\n');
    person.will('Renew');
    assert.deepEqual(await renew(), [{ vm: fork, renewed: ['seed', 'machineId'] }]);
    assert.match(await idOf(fork), /^[0-9a-f]{32}\n$/u);
    assert.equal(await idOf(next), 'old\n');
  });

  it('tells whom a snapshot would take along, instead of deleting it', async () => {
    const [, moment = ''] = await rig.snapshots(name);
    const refused = await rejects(
      call('virtRewind.deleteSnapshot', { vm: name, snapshot: moment, confirm }),
      'refused',
    );
    assert.match(refused.message, /clones-web-fork/u);
  });

  it('throws several away after one question', async () => {
    const forks = await names();
    const rows = await Promise.all(forks.map((fork) => rig.vmRow(fork)));
    person.will(({ question, choices }) => {
      assert.match(question, /4 clones/u);
      return choices[0];
    });
    const offered = new Promise<string>((resolve) => {
      person.presses(({ message, buttons }) => {
        if (buttons.includes('Delete…')) {
          resolve(message);
        }
        return undefined;
      });
    });
    await fromMenu('virtRewind.discardClone', rows[0]!, rows);
    assert.match(await offered, /The snapshot Fork point is no longer used by any fork of clones-web/u);
    assert.deepEqual(await names(), []);
    assert.deepEqual(await files(), []);
  });

  it('lends one, and throws it away when its console is closed', async () => {
    const { vm: lent } = await call<{ vm: string }>('virtRewind.sandbox', { vm: name });
    assert.deepEqual(await names(), [lent]);
    const terminal = vscode.window.terminals.find((one) => one.name.startsWith(lent));
    assert.ok(terminal, lent);
    const { engine } = await rig.api();
    const gone = new Promise<void>((resolve) => {
      const listening = engine.onDidChange(() => {
        if (engine.findVms(lent, rig.uri).length === 0) {
          listening.dispose();
          resolve();
        }
      });
    });
    terminal.dispose();
    await gone;
    assert.deepEqual(await files(), []);
    await rejects(call('virtRewind.forkVm', { vm: name, count: 17 }), 'invalid');
  });
});
