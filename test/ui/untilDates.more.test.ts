// Kept until a date: chosen while a snapshot is created, told in its row, changed afterwards; what is typed is checked.
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { defineDiskVm } from '../../scripts/guest/diskVm.mjs';
import { runOk } from '../../scripts/rig/run.mjs';
import { openStage, testDaemon } from './stage.js';
import { stepsOnStage } from './steps.js';

describe('a snapshot that is kept until a date', () => {
  const daemon = testDaemon();
  const { virsh } = daemon;
  const programs = join(daemon.dir, 'programs');
  const crontab = join(daemon.dir, 'crontab');
  const stage = stepsOnStage(async (ends) => {
    const file = join(daemon.dir, 'dated.qcow2');
    await runOk('qemu-img', ['create', '-q', '-f', 'qcow2', file, '4M']);
    ends.push(() => virsh(['undefine', 'dated', '--snapshots-metadata']));
    await defineDiskVm({ virsh }, 'dated', [{ file, format: 'qcow2' }]);
    // Not the timers of the user who runs the tests.
    mkdirSync(programs);
    writeFileSync(crontab, '');
    for (const [program, script] of [
      ['systemctl', 'exit 1'],
      ['crontab', `if [ "$1" = -l ]; then cat '${crontab}'; else cat "$1" > '${crontab}'; fi`],
    ] as const) {
      writeFileSync(join(programs, program), `#!/bin/sh\n${script}\n`);
      chmodSync(join(programs, program), 0o755);
    }
    return openStage('mouse', { env: { PATH: `${programs}:${process.env['PATH'] ?? ''}` } });
  });

  it('has the date from its creation, and its row says so', async () => {
    const { hands, workbench } = stage();
    await hands.showView('Virt Rewind', 'VMs');
    await hands.menu('dated', 'Create Snapshot');
    await hands.pick('Offline, internal');
    await hands.type('Title of the Snapshot', 'Before the exam');
    await hands.enter();
    await workbench.inputBox('Description of the Snapshot').waitFor();
    await workbench.picture('until-at-creation');
    await workbench.quickInput.getByRole('button', { name: 'Keep Until…' }).click();
    await workbench.option(/A Week/u).waitFor();
    await workbench.picture('until-choices');
    await hands.pick(/A Week/u);
    await workbench.row(/^Before the exam.*kept until/u).waitFor();
    await workbench.page.getByText('Added the schedule dates').first().waitFor();
    await workbench.picture('until-row');
    assert.match(readFileSync(crontab, 'utf8'), /--if-due/u);
  });

  it('gets another one, which is checked as it is typed', async () => {
    const { hands, workbench } = stage();
    await hands.menu(/^Before the exam/u, 'Keep…');
    await workbench.option(/Keep Until/u).waitFor();
    await workbench.picture('until-marks');
    await hands.enter();
    await hands.pick('Other…');
    for (const [text, problem] of [
      ['2020-01-01', '2020-01-01 is in the past.'],
      ['someday', 'That is no day, time or age.'],
    ] as const) {
      await hands.type('Keep Until…', text);
      await workbench.quickInput.getByText(problem).waitFor();
    }
    await workbench.picture('until-typed');
    await hands.type('Keep Until…', '2w');
    await hands.enter();
    await workbench.page.getByText('Kept until').first().waitFor();
    await workbench.picture('until-changed');
  });
});
