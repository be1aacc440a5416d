// How long an agent's hook takes before a shell command where its VM has done nothing since the last checkpoint: as a
// whole process.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { buildPacked } from '../../scripts/build.mjs';
import { runOk } from '../../scripts/rig/run.mjs';
import { parseSettings } from '../../src/manifest/settings.js';
import { SharedSettings } from '../../src/session/sharedSettings.js';
import { OracleVm } from '../oracle/oracleVm.js';
import { silentLog } from '../silentLog.js';
import { onPrivateDaemon, remark, report, sideBySide } from './measure.js';

const goalMs = 100;
const input = JSON.stringify({ hook_event_name: 'PreToolUse', tool_name: 'Bash', tool_input: { command: 'true' } });

void onPrivateDaemon(async (daemon) => {
  const dist = join(daemon.dir, 'dist');
  await buildPacked(dist);
  const state = join(daemon.dir, 'state');
  await mkdir(state);
  const settings: Readonly<Record<string, unknown>> = { 'virtRewind.agents.permissions': { '*': 'checkpoint' } };
  await new SharedSettings(state, silentLog).write(parseSettings((key) => settings[key]));
  const paused = await OracleVm.define(daemon, { name: 'paused' });
  await OracleVm.define(daemon, { name: 'off' });
  await daemon.virsh(['start', paused.name]);
  await paused.talk((guest) => guest.setCounter(1));
  await daemon.virsh(['suspend', paused.name]);
  const env = { ...daemon.env, VIRT_REWIND_STATE: state, LC_ALL: 'C' };
  const hook = (...vms: readonly string[]): Promise<string> =>
    runOk(process.execPath, [join(dist, 'commandLine.js'), 'hook', 'pre-tool', '--connect', daemon.uri, ...vms], {
      env,
      input,
    });
  const times = await sideBySide(15, {
    node: () => runOk(process.execPath, ['-e', '0']),
    off: () => hook('off'),
    paused: () => hook('paused'),
    both: () => hook(),
  });
  remark(`Node.js itself starts in ${times.node.toFixed(0)} ms.`);
  for (const name of ['off', 'paused', 'both'] as const) {
    report({
      name: `hook pre-tool, nothing changed (${name}), beyond Node.js itself`,
      ours: times[name] - times.node,
      baseline: goalMs,
      unit: 'ms',
      goal: 1,
      against: 'what it may take',
    });
  }
});
