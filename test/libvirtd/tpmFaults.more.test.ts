// A revert of a VM with a TPM, whose editor is killed at each of its steps: disks and TPM are both of now, or both of
// then; or what is left to do is told.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { run, runOk } from '../../scripts/rig/run.mjs';
import { inChild } from './faults/dyingChild.js';
import { childVariable, openEditor, runAsChild } from './faults/editor.js';
import { moments } from './faults/stepHooks.js';
import { type LiveRig, startLiveRig } from './engineRig.js';
import type { GuestVm } from './guestVm.js';
import { definePeculiar } from './peculiarVm.js';
import { tpmHolds, writeTpm } from './tpmState.js';

const task = process.env[childVariable];
if (task !== undefined) {
  void runAsChild(task);
} else {
  describe('a revert of a TPM that breaks off', () => {
    let r: LiveRig;
    let vm: GuestVm;
    const [old, young] = ['word-one', 'word-two'];

    before(async () => {
      r = await startLiveRig();
      await r.engine.connect(r.uri);
      r.show();
      const tpm = "<tpm model='tpm-crb'><backend type='emulator' version='2.0'/></tpm></devices>";
      vm = await definePeculiar(r, { name: 'web', edit: (xml) => xml.replace('</devices>', tpm) });
      await vm.power('start');
      await vm.power('forceOff');
      await writeTpm(r.daemon, vm.ref.uuid, old);
      await vm.create('disks');
    });
    after(() => r.stop());

    const disk = async (): Promise<string> => /\s(\/\S+)/u.exec(await vm.virsh('domblklist'))?.[1] ?? '';
    const holds = (word: string): Promise<boolean> => tpmHolds(r.daemon, vm.ref.uuid, word);
    const request = (): {
      kind: 'revert';
      vm: typeof vm.ref;
      snapshot: string;
      after: 'off';
      checkpointFirst: true;
    } => ({
      kind: 'revert',
      vm: vm.ref,
      snapshot: 'disks',
      after: 'off',
      checkpointFirst: true,
    });

    for (const power of ['off', 'running'] as const) {
      it(`of a VM that is ${power}`, async () => {
        const { uri, dir, env } = { ...r.daemon, ...r };
        const tpms = join(dir, 'lib/swtpm');
        for (let step = 0, isOver = false; !isOver; step += 1) {
          for (const moment of power === 'off' ? moments : (['during'] as const)) {
            await writeTpm(r.daemon, vm.ref.uuid, young);
            await runOk('qemu-io', ['-f', 'qcow2', '-c', 'write -q -P 66 1M 512', await disk()]);
            await (power === 'running' ? vm.power('start') : undefined);
            const decision = await r.engine.plan(request());
            assert.ok(decision.kind === 'plan', JSON.stringify(decision));
            isOver = step === decision.steps.length - 1;
            const place = `${decision.steps[step]?.kind} ${step}, ${moment}`;
            const journal = join(r.daemon.dir, `journal-${power}-${step}-${moment}`);
            const at = { step, moment } as const;
            const end = await inChild({ uri, journal, tpms, vm: vm.ref.uuid, request: request(), at }, r.daemon);
            const later = openEditor({ uri, journal, tpms, env });
            await later.engine.connect(uri);
            await later.settled();
            const told = later.reports.map(({ outcome }) => outcome);
            later.engine.dispose();
            await r.engine.refresh({ vm: vm.ref });
            const { stdout } = await run('qemu-io', [
              '-U',
              '-r',
              '-f',
              'qcow2',
              '-c',
              'read -P 66 1M 512',
              await disk(),
            ]);
            const isThen = stdout.includes('verification failed');
            assert.deepEqual(
              { place, end, told, tpm: [await holds(old), await holds(young)] },
              { place, end, told, tpm: isThen ? [true, false] : [false, true] },
            );
            assert.ok(!told.includes('explained'), `${place}: ${JSON.stringify(told)}`);
            if (r.vm('web')?.vm.power !== 'off') {
              await vm.power('forceOff');
            }
            await vm.run({ kind: 'revert', snapshot: 'disks', after: 'off', checkpointFirst: false });
            assert.equal(await holds(old), true);
          }
        }
      });
    }
  });
}
