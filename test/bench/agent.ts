// Twenty steps of an agent, each a command in a guest with a checkpoint before it, as its tool has it, against the same
// twenty commands without. They take turns step by step.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { defineTestGuest } from '../../scripts/guest/testGuest.mjs';
import { AgentSession } from '../../src/agents/agentSession.js';
import { parseSettings } from '../../src/manifest/settings.js';
import { Session } from '../../src/session/session.js';
import { SharedSettings } from '../../src/session/sharedSettings.js';
import { silentLog } from '../silentLog.js';
import { median, onPrivateDaemon, remark, report, timed } from './measure.js';
import { readers } from '../readers.js';

const steps = 20;
const memoryMiB = 128;
const atMostMs = 300_000;
const never = new AbortController().signal;

/** What a build or a test does: it computes, and leaves a file of its own on the disk. */
function workOf(step: number): readonly string[] {
  const compute = 'head -c 67108864 /dev/zero | sha256sum';
  const write = `yes step-${step} | head -c 1048576 >/data/work`;
  return ['-c', `${compute} && ${write} && sync && sha256sum /data/work`];
}

void onPrivateDaemon(async (daemon) => {
  const state = join(daemon.dir, 'state');
  await mkdir(state);
  const settings: Readonly<Record<string, unknown>> = {
    'virtRewind.agents.permissions': { lab: 'act' },
    'virtRewind.agents.checkpoints': 2 * steps,
  };
  await new SharedSettings(state, silentLog).write(parseSettings((key) => settings[key]));
  const guest = await defineTestGuest(daemon, { name: 'lab', memoryMiB });
  await guest.start();
  const environment = { ...daemon.env, VIRT_REWIND_STATE: state };
  const session = await Session.open({
    connections: [daemon.uri],
    environment,
    log: silentLog,
    shell: 'bench',
  });
  const { ref } = await session.vm('lab');
  const tools = new AgentSession({
    session: () => Promise.resolve(session),
    agent: () => 'bench',
    readers,
    log: silentLog,
  });
  const withCheckpoint = async (step: number): Promise<void> => {
    const given = { vm: 'lab', program: 'sh', args: workOf(step), seconds: atMostMs / 1_000 };
    const { isError, content } = await tools.call('run_in_guest', given, never);
    if (isError || content['exitCode'] !== 0) {
      throw new Error(JSON.stringify(content));
    }
  };
  const without = async (step: number): Promise<void> => {
    const ran = await session.engine.guests.runIn(ref, { program: 'sh', args: workOf(step), atMostMs }, never);
    if (ran.kind === 'late' || ran.exitCode !== 0) {
      throw new Error(`the command in the guest did not do it: ${JSON.stringify(ran)}`);
    }
  };
  const took = { with: [] as number[], without: [] as number[] };
  // The first of both warms up, and does not count.
  for (let step = 0; step <= steps; step += 1) {
    const bare = await timed(() => without(step));
    const kept = await timed(() => withCheckpoint(step));
    if (step > 0) {
      took.without.push(bare);
      took.with.push(kept);
    }
  }
  const snapshots = (await session.engine.readTree(ref)).snapshots.length;
  if (snapshots !== steps + 1) {
    throw new Error(`${snapshots} checkpoints stand before ${steps + 1} steps`);
  }
  await session.close();
  report({
    name: `an agent's ${steps} steps, checkpoint before each`,
    ours: sum(took.with),
    baseline: sum(took.without),
    unit: 'ms',
    goal: 1.3,
    against: 'the same steps without',
  });
  remark(
    `A step by itself took ${median(took.without).toFixed(0)} ms, of which each is one command in a guest of ${memoryMiB} MiB; ` +
      `with its checkpoint ${median(took.with).toFixed(0)} ms.`,
  );
});

function sum(values: readonly number[]): number {
  return values.reduce((all, one) => all + one, 0);
}
