// Chains that are shortened, to be broken off: layers that nobody's snapshots own, and snapshots that go by a rule.
import type { Power } from '../../oracle/model.js';
import { type Scenario, twoSnapshots } from './scenarios.js';
import type { GuestVm } from '../guestVm.js';

/** Slow enough to be broken off in the middle. */
const slowly = 256 * 1024;

/** Another overlay on each disk of the VM, which runs, and no snapshot that libvirt knows. */
async function layer(stage: GuestVm, name: string): Promise<void> {
  const specs = stage.vm.guest.disks.flatMap(({ target, file }) => [
    '--diskspec',
    `${target},file=${file.replace(/\.[^./]*$/u, `.${name}`)}`,
  ]);
  await stage.virsh('snapshot-create-as', name, '--disk-only', '--no-metadata', '--atomic', ...specs);
}

/** Three layers, with data of its own in each. */
function consolidate(power: Power): Scenario {
  return {
    name: `consolidate layers that no snapshot owns, ${power}`,
    prepare: async (stage) => {
      await stage.power('start');
      await stage.write();
      for (const [index, name] of ['one', 'two'].entries()) {
        await layer(stage, name);
        // Nothing is there in the base yet, so that it has to grow.
        await stage.write(300 * (index + 1), 300 * (index + 1) + 100);
      }
      if (power === 'off') {
        await stage.power('forceOff');
      }
      const request = { kind: 'consolidate', vm: stage.ref, bytesPerSecond: slowly } as const;
      return { before: stage.model, request, end: power };
    },
  };
}

export const consolidations: readonly Scenario[] = [
  consolidate('running'),
  consolidate('off'),
  {
    name: 'prune external snapshots',
    prepare: async (stage) => {
      const first = await twoSnapshots(stage, 'external', 'disk');
      const third = await stage.create('three', 'disk');
      await stage.write();
      await stage.create('four', 'disk');
      await stage.write();
      const request = { kind: 'prune', vm: stage.ref, snapshots: [first, third] } as const;
      return { before: stage.model, request, end: 'running' };
    },
  },
];
