// Who else uses a VM's files where libvirt does not see it: another name of a file, another connection, a medium. What is
// refused beforehand, on real guests, and that the other one reads what it read.
import { mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { CloneBeside } from './cloneBeside.js';
import { type LiveRig, startLiveRig } from './inventoryRig.js';
import { TrapVm } from './trapVm.js';

describe('who else uses the files of a VM', function () {
  this.timeout(180_000);
  let r: LiveRig;

  before(async () => {
    r = await startLiveRig();
    await r.inventory.connect(r.uri);
    r.show();
  });
  after(() => r.stop());

  /** Off, with a snapshot whose delete merges into the files that it was defined with. */
  const grown = async (name: string): Promise<{ readonly vm: TrapVm; readonly bottom: TrapVm['model'] }> => {
    const vm = await TrapVm.define(r, name);
    await vm.power('start');
    await vm.grow('bottom');
    const bottom = vm.model.reverted('bottom', 'off');
    await vm.grow('top');
    return { vm, bottom };
  };
  const refusesAll = async (vm: TrapVm): Promise<void> => {
    await vm.isRefused({ type: 'delete', snapshot: 'bottom', scope: 'one' }, 'usedByOtherVm');
    await vm.isRefused({ type: 'delete', snapshot: 'bottom', scope: 'withDescendants' }, 'usedByOtherVm');
    await vm.isRefused({ type: 'prune', snapshots: ['bottom', 'top'] }, 'usedByOtherVm');
  };

  it('a linked clone that names its base from a folder behind a link', async () => {
    const { vm, bottom } = await grown('linked');
    const name = (file: string): string => file.slice(file.lastIndexOf('/') + 1);
    await mkdir(join(r.daemon.dir, 'deep/er'), { recursive: true });
    await symlink('deep/er', join(r.daemon.dir, 'lnk'));
    const clone = await CloneBeside.of(vm, {
      daemon: r.daemon,
      name: 'behind-link',
      model: bottom,
      overlay: (target, file) => ({
        file: join(r.daemon.dir, 'lnk', `clone-${target}`),
        names: `../../${name(file)}`,
      }),
    });
    await clone.isWhole();
    await refusesAll(vm);
    await vm.isWhole();
    await clone.isWhole();
  });
});
