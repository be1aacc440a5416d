// The files in a restore point for programs: by the library, and by the tools of agents.
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readInput } from '../../src/agents/toolInput.js';
import { type ToolName, toolOf } from '../../src/agents/toolTable.js';
import type { AgentTools } from '../../src/agents/toolCall.js';
import { toolError } from '../../src/agents/refusal.js';
import { LibrarySession } from '../../src/api/librarySession.js';
import { SessionVm } from '../../src/api/sessionVm.js';
import { VirtRewindError } from '../../src/api/virtRewindError.js';
import { Session } from '../../src/session/session.js';
import { silentLog } from '../silentLog.js';
import { defineDiskVm } from './diskVm.js';
import { type LiveRig, startLiveRig } from './engineRig.js';
import { runTool } from './insideImages.js';
import { readers } from '../readers.js';

interface Answer {
  readonly entries?: readonly { readonly name: string; readonly kind: string; readonly link?: string }[];
  readonly left_out?: number;
  readonly untrusted?: string;
  readonly leftOut?: number;
  readonly bytes?: number;
  readonly is_text?: boolean;
  readonly next_byte?: number;
}

describe('the files in a restore point, for programs', () => {
  let rig: LiveRig;
  let session: Session;
  let vm: SessionVm;
  const tools = { log: silentLog, agent: 'test', fresh: new Map(), readers } as unknown as AgentTools;

  before(async () => {
    rig = await startLiveRig();
    const { dir } = rig.daemon;
    const [state, from, raw, image] = ['state', 'from', 'raw', 'programs.qcow2'].map((name) => join(dir, name)) as [
      string,
      string,
      string,
      string,
    ];
    mkdirSync(state);
    mkdirSync(join(from, 'etc'), { recursive: true });
    mkdirSync(join(from, 'many'));
    writeFileSync(join(from, 'etc/hosts'), 'a\u001b[2Jb\n');
    writeFileSync(join(from, 'etc/log'), 'line of a log\n'.repeat(20_000));
    writeFileSync(join(from, 'etc/program'), Buffer.from([0x7f, 0x45, 0, 1]));
    for (let at = 0; at < 501; at++) {
      writeFileSync(join(from, `many/${at}`), '');
    }
    await runTool('mke2fs', '-q', '-F', '-t', 'ext4', '-d', from, raw, '32M');
    await runTool('qemu-img', 'convert', '-O', 'qcow2', raw, image);
    await defineDiskVm(rig, 'programs', [{ file: image, format: 'qcow2' }]);
    await rig.virsh('snapshot-create-as', 'programs', 'first');
    const environment = { ...rig.daemon.env, VIRT_REWIND_STATE: state };
    session = await Session.open({ connections: [rig.uri], environment, log: silentLog, shell: 'test' });
    const over = new AbortController().signal;
    const library = new LibrarySession({ session: () => session, readers, log: silentLog, shell: 'test', over });
    vm = new SessionVm(library, await session.vm('programs'));
  });
  after(async () => {
    await session.close();
    await rig.stop();
  });

  const call = async (name: ToolName, given: object): Promise<Answer> => {
    const input = readInput(name, { vm: 'programs', ...given });
    assert.ok(typeof input !== 'string', JSON.stringify(input));
    const handle = await toolOf(name).act();
    return (await handle({ session, tools, input, signal: new AbortController().signal })) as Answer;
  };
  const refused = async (kind: string, name: ToolName, given: object): Promise<void> => {
    const error: unknown = await call(name, given).then(
      () => assert.fail('it was read'),
      (reason: unknown) => reason,
    );
    assert.equal(toolError(error).kind, kind);
  };

  it('are listed and read by the library', async () => {
    const listed = await vm.listFiles('/etc', { snapshot: 'first' });
    assert.deepEqual(
      listed.map(({ name, kind, bytes }) => [name, kind, bytes]),
      [
        ['hosts', 'file', 7],
        ['log', 'file', 280_000],
        ['program', 'file', 4],
      ],
    );
    assert.equal((await vm.readFile('/etc/log')).length, 280_000);
    assert.equal(Buffer.from(await vm.readFile('vda:/etc/hosts', { snapshot: 'first' })).toString(), 'a\u001b[2Jb\n');
    for (const [kind, reading] of [
      ['notFound', () => vm.readFile('/etc/nothing')],
      ['notFound', () => vm.listFiles('vdb:/')],
      ['notFound', () => vm.listFiles('/', { snapshot: 'none' })],
      ['refused', () => vm.readFile('/etc')],
      ['cancelled', () => vm.readFile('/etc/log', { signal: AbortSignal.abort() })],
    ] as const) {
      await assert.rejects(reading(), (error) => error instanceof VirtRewindError && error.kind === kind);
    }
  });

  it('are told to agents as untrusted text, and bounded', async () => {
    const { entries, left_out: leftOut } = await call('list_guest_files', { path: '/many', snapshot: 'first' });
    assert.deepEqual([entries?.length, leftOut], [500, 1]);
    assert.equal((await call('read_guest_file', { path: '/etc/hosts' })).untrusted, 'ab\n');
    const log = await call('read_guest_file', { path: '/etc/log', from_byte: 14 });
    assert.deepEqual([log.bytes, log.next_byte], [280_000, 14 + 64 * 1024]);
    assert.ok((log.untrusted?.length ?? Infinity) < 20_000 && (log.leftOut ?? 0) > 0);
    assert.deepEqual((await call('read_guest_file', { path: '/etc/program' })).is_text, false);
    await refused('notFound', 'read_guest_file', { path: '/etc/nothing' });
    await refused('notFound', 'list_guest_files', { path: '/', snapshot: 'none' });
    await rig.virsh('start', 'programs');
    await refused('refused', 'read_guest_file', { path: '/etc/hosts' });
    await rig.virsh('destroy', 'programs');
  });
});
