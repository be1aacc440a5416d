// The command line as a process of its own, on a private daemon with a guest that tells what it holds; and an editor
// beside it.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { open as openFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { buildDoor } from '../../scripts/build.mjs';
import { defineTestGuest } from '../../scripts/guest/testGuest.mjs';
import { exitCode, type ExitName } from '../../src/cli/exitCodes.js';
import { SharedSettings } from '../../src/session/sharedSettings.js';
import { parseSettings } from '../../src/manifest/settings.js';
import { itRarely } from '../allRows.js';
import { OracleVm } from '../oracle/oracleVm.js';
import { faultsOf } from '../answerFaults.js';
import { silentLog } from '../silentLog.js';
import { openEditor } from './faults/editor.js';
import { type LiveRig, startLiveRig } from './engineRig.js';

interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

interface Answer {
  readonly vm: { readonly state: string };
  readonly result: { readonly snapshot?: string; readonly checkpoint?: string };
  readonly renewed: readonly string[];
  readonly snapshots: readonly { readonly name: string; readonly title: string; readonly current: boolean }[];
  readonly plan: { readonly commands: readonly string[]; readonly asks: boolean };
  readonly program: { readonly exitCode: number; readonly stdout: string };
  readonly error: { readonly kind: string; readonly exitCode: number };
  readonly entries: readonly { readonly outcome: string }[];
  readonly problems: readonly { readonly kind: string }[];
  readonly abilities: readonly { readonly kind: string; readonly can: string; readonly reason?: string }[];
}

describe('the command line', () => {
  let rig: LiveRig;
  let vm: OracleVm;
  let program: string;
  let state: string;

  const start = (words: readonly string[], stdout: 'pipe' | 'ignore' | number = 'pipe'): ChildProcess =>
    spawn(process.execPath, [program, ...words], {
      env: { ...rig.daemon.env, VIRT_REWIND_STATE: state, LIBVIRT_DEFAULT_URI: rig.uri, LC_ALL: 'C' },
      stdio: ['ignore', stdout, 'pipe'],
    });
  const ended = async (child: ChildProcess): Promise<Ran> => {
    const texts = { stdout: '', stderr: '' };
    child.stdout?.on('data', (data) => (texts.stdout += String(data)));
    child.stderr?.on('data', (data) => (texts.stderr += String(data)));
    const [code] = (await once(child, 'close')) as [number | null];
    return { code, ...texts };
  };
  /** Its standard output can take nothing. */
  const runUnheard = async (...words: readonly string[]): Promise<Ran> => {
    const full = await openFile('/dev/full', 'w');
    try {
      return await ended(start(words, full.fd));
    } finally {
      await full.close();
    }
  };
  const run = (...words: readonly string[]): Promise<Ran> => ended(start(words));
  const is = (ran: Ran, exit: ExitName): void => assert.equal(ran.code, exitCode(exit), `${ran.stdout}${ran.stderr}`);
  /** Holds it to the schema. */
  const json = async (exit: ExitName, command: string, ...words: readonly string[]): Promise<Answer> => {
    const ran = await run(command, '--json', ...words);
    is(ran, exit);
    const answer = JSON.parse(ran.stdout) as Answer;
    assert.deepEqual(faultsOf(answer), []);
    return answer;
  };
  const snapshots = async (): Promise<readonly string[]> =>
    (await rig.virsh('snapshot-list', 'cli', '--name')).split('\n').filter((name) => name !== '');
  const counter = (): Promise<number> => vm.talk(async (guest) => (await guest.ram()).counter);

  before(async () => {
    rig = await startLiveRig();
    state = join(rig.daemon.dir, 'journal');
    mkdirSync(state, { recursive: true });
    program = await buildDoor('commandLine', join(rig.daemon.dir, 'program'));
    vm = await OracleVm.define(rig.daemon, { name: 'cli' });
  });
  after(() => rig.stop());

  it('fails where its answer cannot be written, and says so', async () => {
    for (const words of [['list'], ['list', '--json'], ['--help'], ['completion', 'bash']]) {
      const ran = await runUnheard(...words);
      is(ran, 'failed');
      assert.match(ran.stderr, /ENOSPC/u);
    }
    is(await runUnheard('tree', 'nobody'), 'notFound');
  });

  it('lists VMs, for people and for programs', async () => {
    const ran = await run('list');
    is(ran, 'done');
    assert.match(ran.stdout, /^cli +off +0 /mu);
    await json('done', 'list');
  });

  it('starts a VM, takes checkpoints, goes back and undoes it; the guest holds what it held', async () => {
    is(await run('start', 'cli'), 'done');
    assert.deepEqual((await json('done', 'start', 'cli')).result, 'nothing to do');
    await vm.talk((guest) => guest.setCounter(1));
    const { result } = await json('done', 'checkpoint', 'cli', 'the first');
    assert.equal(result.snapshot, 'the-first');
    await vm.talk((guest) => guest.setCounter(2));

    const before = await snapshots();
    const plan = await json('done', 'revert', 'cli', 'the first', '--plan');
    assert.equal(plan.plan.asks, true);
    assert.ok(plan.plan.commands.some((line) => line.includes('snapshot-revert')));
    assert.match((await run('revert', 'cli', 'the first', '--plan')).stdout, /virsh .*snapshot-revert/u);

    const refused = await run('revert', 'cli', 'the first');
    is(refused, 'unanswered');
    assert.match(refused.stderr, /Revert cli to “the first”\?/u);
    assert.equal((await json('unanswered', 'revert', 'cli', 'the first')).error.kind, 'unanswered');
    assert.deepEqual(await snapshots(), before);
    assert.equal(await counter(), 2);

    const reverted = await json('done', 'revert', 'cli', 'the first', '--yes');
    assert.ok(reverted.result.checkpoint !== undefined);
    assert.equal(await counter(), 1);
    const undone = await run('undo', 'cli', '--yes', '--no-checkpoint');
    is(undone, 'done');
    assert.match(undone.stdout, /^Undid the revert of cli to “the first”\.$/mu);
    assert.equal(await counter(), 2);

    const tree = await json('done', 'tree', 'cli');
    assert.deepEqual(new Set(tree.snapshots.map(({ name }) => name)), new Set(await snapshots()));
    assert.match((await run('tree', 'cli')).stdout, /○ the first \(the-first\)[^]*You are here/u);
  });

  it('deletes, and says what is not there', async () => {
    is(await run('delete', 'cli', 'the first'), 'unanswered');
    is(await run('delete', 'cli', 'the first', '--yes'), 'done');
    assert.equal((await snapshots()).includes('the-first'), false);
    assert.equal((await json('notFound', 'delete', 'cli', 'the first', '--yes')).error.kind, 'notFound');
    is(await run('tree', 'nobody'), 'notFound');
    is(await run('list', '-c', 'qemu+unix:///system?socket=/nowhere'), 'unreachable');
  });

  it('prunes by a rule, and says what stays and why', async () => {
    for (const title of ['aged', 'older', 'newest']) {
      is(await run('checkpoint', 'cli', title), 'done');
    }
    is(await run('keep', 'cli', 'aged'), 'done');
    is(await run('prune', 'cli', '--yes'), 'usage');
    is(await run('prune', 'cli', '--keep-last', '100', '--yes'), 'notFound');
    const { plan } = await json('done', 'prune', 'cli', '--keep-last', '1', '--plan');
    assert.ok(plan.asks && plan.commands.some((line) => line.includes('snapshot-delete')));
    const pruned = await run('prune', 'cli', '--keep-last', '1', '--yes');
    is(pruned, 'done');
    assert.match(pruned.stdout, /^“aged” is not deleted: .*kept/mu);
    assert.deepEqual([...(await snapshots())].sort(), ['aged', 'newest']);
    is(await run('keep', 'cli', 'aged', '--clear'), 'done');
  });

  it('tells what is wrong, what was done, and completes names', async () => {
    const { vm: examined, abilities } = await json('done', 'doctor', 'cli');
    const whenOff = abilities.find(({ kind }) => kind === 'createOfflineInternal');
    assert.deepEqual([examined.state, whenOff?.can, whenOff?.reason], ['running', 'yes', undefined]);
    is(await run('doctor', 'cli'), 'done');
    const health = await run('health', '--json');
    assert.deepEqual(faultsOf(JSON.parse(health.stdout)), []);
    const { entries } = await json('done', 'history', 'cli');
    assert.ok(entries.length >= 4 && entries.every(({ outcome }) => outcome === 'done'));
    await json('notFound', 'history', 'nobody');
    assert.equal((await json('usage', 'history', '--nonsense')).error.kind, 'usage');
    await json('usage', 'nonsense');
    await json('usage', 'wait');
    is(await run('history', 'nobody'), 'notFound');
    // Nothing was done to that one.
    await defineTestGuest(rig.daemon, { name: 'untouched' });
    assert.match((await run('history', 'untouched')).stderr, /untouched/u);
    await json('done', 'history', 'untouched');
    assert.equal((await run('complete-words', '--', 'tree', 'c')).stdout, 'cli\n');
    assert.deepEqual(
      (await run('complete-words', '--', 'revert', 'cli', '')).stdout.trim().split('\n').sort(),
      [...(await snapshots())].sort(),
    );
  });

  it('tells as the doctor what health finds by the limits of the user', async () => {
    const settings = new SharedSettings(state, silentLog);
    const given: Readonly<Record<string, unknown>> = { 'virtRewind.health.freePercent': 100 };
    await settings.write(parseSettings((key) => given[key]));
    const { problems } = await json('wrong', 'doctor', 'cli');
    assert.ok(problems.some(({ kind }) => kind === 'freeSpaceLow'));
    const health = JSON.parse((await run('health', 'cli', '--json')).stdout) as { vms: readonly Answer[] };
    const found = (health.vms[0]?.problems ?? []).map(({ kind }) => kind);
    assert.deepEqual(
      found.filter((kind) => !problems.some((one) => one.kind === kind)),
      [],
    );
    await settings.write(parseSettings(() => undefined));
  });

  it('respects what an editor is doing, and the editor what the command line has done', async () => {
    let step: (() => void) | undefined;
    const reached = new Promise<void>((resolve) => {
      step = resolve;
    });
    let goOn: (() => void) | undefined;
    const editor = openEditor({
      uri: rig.uri,
      journal: state,
      editor: 'Code',
      env: rig.daemon.env,
      at: { step: 0, moment: 'before' },
      act: () => {
        step?.();
        return new Promise((resolve) => {
          goOn = () => resolve(undefined);
        });
      },
    });
    await editor.engine.connect(rig.uri);
    const { ref } = editor.engine.findVms('cli')[0]!;
    const [last = ''] = (await snapshots()).slice(-1);
    const reverting = editor.engine.runOperation({
      kind: 'revert',
      vm: ref,
      snapshot: last,
      after: 'asSnapshot',
      checkpointFirst: true,
    });
    await reached;
    const busy = await run('revert', 'cli', last, '--yes');
    is(busy, 'busy');
    assert.match(busy.stderr, /Code/u);
    assert.equal((await json('busy', 'checkpoint', 'cli')).error.kind, 'busy');
    goOn?.();
    await reverting;
    editor.engine.dispose();
    is(await run('checkpoint', 'cli', 'afterwards'), 'done');
    assert.ok((await snapshots()).includes('afterwards'));
  });

  it('asks for the name of a VM that an editor protects', async () => {
    const settings = new SharedSettings(state, silentLog);
    const given: Readonly<Record<string, unknown>> = { 'virtRewind.protectedVms': ['cl*'] };
    await settings.write(parseSettings((key) => given[key]));
    const before = await snapshots();
    is(await run('delete', 'cli', 'afterwards', '--yes'), 'unanswered');
    is(await run('delete', 'cli', 'afterwards', '--yes', '--name', 'other'), 'declined');
    assert.deepEqual(await snapshots(), before);
    is(await run('delete', 'cli', 'afterwards', '--yes', '--name', 'cli'), 'done');
    await settings.write(parseSettings(() => undefined));
  });

  it('changes no VM unasked where the settings or the journal cannot be read, and says so', async () => {
    const before = await snapshots();
    const file = join(state, 'settings.json');
    const [last = ''] = before.slice(-1);
    for (const content of ['', '{"version":1,"sett', '{"version":2,"settings":{}}', ' '.repeat(300_000)]) {
      writeFileSync(file, content);
      const unasked = await run('delete', 'cli', last, '--yes');
      is(unasked, 'unanswered');
      assert.ok(unasked.stderr.includes(file), unasked.stderr);
    }
    assert.ok((await json('wrong', 'doctor', 'cli')).problems.some(({ kind }) => kind === 'settingsUnreadable'));
    rmSync(file);

    const entry = join(state, '0'.repeat(32));
    mkdirSync(entry);
    writeFileSync(join(entry, 'plan.jsonl'), 'torn');
    const held = await run('checkpoint', 'cli');
    is(held, 'refused');
    assert.ok(held.stderr.includes(entry), held.stderr);
    assert.ok((await json('wrong', 'doctor', 'cli')).problems.some(({ kind }) => kind === 'unreadableEntry'));
    assert.deepEqual(await snapshots(), before);
    rmSync(entry, { recursive: true });
  });

  it('ends quietly when the reader goes, and at Ctrl+C', async () => {
    const child = start(['tree', 'cli']);
    child.stdout?.destroy();
    const gone = await ended(child);
    assert.deepEqual([gone.code, gone.stderr], [0, '']);

    const waiting = start(['wait', 'cli', '--for', 'off', '--verbose']);
    const end = ended(waiting);
    // Until it has looked at the VM for the first time.
    await once(waiting.stderr!, 'data');
    waiting.kill('SIGINT');
    is(await end, 'cancelled');
  });

  // script(1), which makes the terminal, is a part of each Debian and Fedora.
  it('asks on a terminal of 40 columns, and takes no for an answer', async () => {
    const [last = ''] = await snapshots();
    const words = [process.execPath, program, 'revert', 'cli', last].map((word) => `'${word}'`).join(' ');
    const child = spawn('/usr/bin/script', ['-qec', `stty cols 40; ${words}`, '/dev/null'], {
      env: { ...rig.daemon.env, VIRT_REWIND_STATE: state, LIBVIRT_DEFAULT_URI: rig.uri, LC_ALL: 'C', TERM: 'xterm' },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    let seen = '';
    child.stdout.on('data', (data) => {
      seen += String(data);
      if (seen.includes('[y/N]')) {
        child.stdin.end('n\n');
      }
    });
    const [code] = (await once(child, 'close')) as [number];
    assert.equal(code, exitCode('declined'), seen);
    const plain = stripVTControlCharacters(seen);
    const wide = plain.split(/\r?\n/u).filter((line) => line.length > 44 && !line.includes('?'));
    assert.deepEqual(wide, []);
  });

  /** The guest has no ssh: what stands for its ssh-keygen writes what the real one does, to where it is told. */
  async function hasIdentityOfItsOwn(): Promise<void> {
    const inGuest = async (line: string): Promise<string> => {
      const { code, stdout, stderr } = await run('run', 'agent', '--', 'sh', '-c', line);
      assert.equal(code, 0, stderr);
      return stdout;
    };
    const renew = ['renew-identity', 'agent', '--yes'] as const;
    is(await run('renew-identity', 'agent'), 'unanswered');
    assert.deepEqual((await json('done', ...renew)).renewed, ['seed']);
    await inGuest('echo 0123 >/etc/machine-id');
    assert.deepEqual((await json('done', ...renew)).renewed, ['seed', 'machineId']);
    const id = await inGuest('cat /etc/machine-id');
    assert.match(id, /^[0-9a-f]{32}\n$/u);
    const keygen = String.raw`#!/bin/sh\n[ "$1 $2" = "-A -f" ] && echo new >"$3/etc/ssh/ssh_host_ed25519_key"`;
    await inGuest(
      `mkdir -p /etc/ssh /usr/bin && printf '${keygen}\n' >/usr/bin/ssh-keygen && chmod +x /usr/bin/ssh-keygen && ` +
        'cd /etc/ssh && echo old >ssh_host_ed25519_key && echo old >ssh_host_dsa_key.pub && echo Port 22 >sshd_config',
    );
    assert.deepEqual((await json('done', ...renew)).renewed, ['seed', 'machineId', 'hostKeys']);
    assert.equal(await inGuest('cd /etc/ssh && ls && cat *key'), 'ssh_host_ed25519_key\nsshd_config\nnew\n');
    assert.notEqual(await inGuest('cat /etc/machine-id'), id);
    await inGuest("printf '#!/bin/sh\\necho no entropy >&2; exit 3\\n' >/usr/bin/ssh-keygen");
    const broken = await run(...renew);
    is(broken, 'failed');
    assert.match(broken.stderr, /machine ID.*no entropy/su);
    assert.equal(await inGuest('cat /etc/ssh/ssh_host_ed25519_key'), 'new\n');
  }

  itRarely('runs programs in a guest, waits for its agent, and shuts it down', async () => {
    await defineTestGuest(rig.daemon, { name: 'agent' });
    const off = await run('run', 'agent', '--', 'true');
    is(off, 'notRun');
    assert.match(off.stderr, /is off/u);
    // At once, and not when the time is over.
    is(await run('wait', 'agent'), 'refused');
    is(await run('wait', 'agent', '--port', '22'), 'refused');
    is(await run('start', 'agent'), 'done');
    await json('done', 'wait', 'agent', '--seconds', '120');
    const { program: ran } = await json('done', 'run', 'agent', '--', 'uname', '-s');
    assert.deepEqual([ran.exitCode, ran.stdout], [0, 'Linux\n']);
    assert.equal((await run('run', 'agent', '--', 'sh', '-c', 'echo no >&2; exit 7')).code, 7);
    is(await run('run', 'agent', '--', '/no/such/program'), 'notRun');
    is(await run('run', 'agent', '--seconds', '0', '--', 'sleep', '9'), 'late');
    is(await run('wait', 'agent', '--for', 'off', '--seconds', '0'), 'late');
    await hasIdentityOfItsOwn();
    is(await run('stop', 'agent', '--force', '--yes'), 'done');
    is(await run('stop', 'agent'), 'done');
    await json('done', 'wait', 'agent', '--for', 'off');
  });
});
