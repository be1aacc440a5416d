// How long an operation looks before it touches anything, as a share of the whole operation: reverts of a real guest,
// with and without a checkpoint, beside other VMs whose files have to be looked at too.
import { join } from 'node:path';
import { defineTestGuest } from '../../scripts/guest/testGuest.mjs';
import { libvirtHypervisor } from '../../src/hypervisor/openLibvirt.js';
import { keepIn } from '../../src/inventory/keeping.js';
import { Inventory } from '../../src/inventory/liveInventory.js';
import { silentLog } from '../../src/log/log.js';
import { median, onPrivateDaemon, report } from './measure.js';
import { makeStock } from './stock.js';

const rounds = 5;
const others = 20;
const snapshotsOfOthers = 10;

void onPrivateDaemon(async (daemon) => {
  await makeStock(daemon, others, snapshotsOfOthers);
  const guest = await defineTestGuest(daemon, { name: 'guest' });
  await guest.start();
  const keeping = keepIn(join(daemon.dir, 'journal'), silentLog);
  let begunAt = 0;
  const inventory = new Inventory({
    open: libvirtHypervisor(silentLog, daemon.env),
    log: silentLog,
    journal: {
      ...keeping,
      journal: {
        begin: (head) => {
          begunAt = performance.now();
          return keeping.journal.begin(head);
        },
        unfinished: (connection) => keeping.journal.unfinished(connection),
        claim: (id) => keeping.journal.claim(id),
      },
    },
  });
  inventory.setConnections([daemon.uri]);
  const { vms } = await inventory.connect(daemon.uri);
  const vm = vms.find((view) => view.vm.name === 'guest')!.ref;
  const { snapshot } = await inventory.runOperation({ type: 'create', vm, kind: 'memory', title: 'bench' });
  for (const checkpointFirst of [false, true]) {
    const checks: number[] = [];
    const wholes: number[] = [];
    for (let round = 0; round < rounds; round++) {
      const began = performance.now();
      await inventory.runOperation({ type: 'revert', vm, snapshot: snapshot!, after: 'running', checkpointFirst });
      checks.push(begunAt - began);
      wholes.push(performance.now() - began);
    }
    report({
      name: `fresh check before a revert${checkpointFirst ? ' with a checkpoint' : ''}, ${others} other VMs`,
      ours: median(checks),
      baseline: median(wholes),
      unit: 'ms',
      goal: 0.05,
      against: 'the whole operation',
    });
  }
  inventory.dispose();
});
