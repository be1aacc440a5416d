// A chain that a person moved, and told libvirt where it is.
import assert from 'node:assert/strict';
import { mkdirSync, renameSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runOk } from '../../scripts/rig/run.mjs';
import { defineDiskVm } from './diskVm.js';
import { type LiveRig, startLiveRig } from './engineRig.js';

describe('a chain that was moved by hand', () => {
  let rig: LiveRig;
  before(async () => {
    rig = await startLiveRig();
    await rig.engine.connect(rig.uri);
  });
  after(() => rig.stop());

  for (const end of ['', '<backingStore/>']) {
    it(`is started by what the definition tells, ${end === '' ? 'not to its end' : 'to its end'}`, async () => {
      const name = end === '' ? 'open' : 'ended';
      const at = (file: string): string => join(rig.daemon.dir, `${name}-${file}`);
      await runOk('qemu-img', ['create', '-f', 'qcow2', at('base'), '8M']);
      await runOk('qemu-img', ['create', '-f', 'qcow2', '-b', at('base'), '-F', 'qcow2', at('top')]);
      await defineDiskVm(rig, name, [{ file: at('top'), format: 'qcow2' }]);
      mkdirSync(at('new'));
      const moved = join(at('new'), 'other-name');
      renameSync(at('base'), moved);
      const xml = await rig.virsh('dumpxml', name, '--inactive');
      const below = `<backingStore type='file'><format type='qcow2'/><source file='${moved}'/>${end}</backingStore>`;
      const file = at('vm.xml');
      await writeFile(file, xml.replace(/(<source file='[^']*-top'[^>]*\/>)/u, `$1${below}`));
      await rig.virsh('define', file);
      await rig.engine.refresh({ connection: rig.uri });
      const { ref } = rig.engine.findVms(name)[0]!;
      const result = await rig.engine.runOperation({ kind: 'power', vm: ref, action: 'start' });
      assert.equal(rig.engine.findVm(ref)?.vm.power, 'running', JSON.stringify(result));
      await rig.virsh('destroy', name);
    });
  }
});
