// How long the command line takes to start beyond Node.js itself: to answer without libvirt, and with all loaded that
// an operation needs before it connects.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildPacked } from '../../scripts/build.mjs';
import { runOk } from '../../scripts/rig/run.mjs';
import { remark, report, sideBySide } from './measure.js';

const goalMs = 60;

void measureStart();

async function measureStart(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'vr-start-'));
  try {
    const dist = join(folder, 'dist');
    await buildPacked(dist);
    const env = { ...process.env, VIRT_REWIND_STATE: join(folder, 'state'), LC_ALL: 'C' };
    const program = join(dist, 'commandLine.js');
    const { node, help, history } = await sideBySide(15, {
      node: () => runOk(process.execPath, ['-e', '0']),
      help: () => runOk(process.execPath, [program, '--help']),
      history: () => runOk(process.execPath, [program, 'history'], { env }),
    });
    remark(
      `Node.js itself starts in ${node.toFixed(0)} ms; virt-rewind --help takes ${(help - node).toFixed(0)} ms more.`,
    );
    report({
      name: 'virt-rewind history, beyond Node.js itself',
      ours: history - node,
      baseline: goalMs,
      unit: 'ms',
      goal: 1,
      against: 'what it may take',
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
