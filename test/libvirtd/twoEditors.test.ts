// Two editors of one user on one VM, as two flavours of VS Code are: processes with settings, homes and global storage
// of their own, that share the journal alone.
import assert from 'node:assert/strict';
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { stateFolder } from '../../src/journal/stateFolder.js';
import type { Failure } from '../../src/domain/failure.js';
import type { OperationRequest } from '../../src/domain/operation.js';
import { type ChildTask, type Editor, openEditor } from './faults/editor.js';
import { startStages, type Stages } from './faults/stages.js';
import { thisBundle } from './faults/thisBundle.mjs';

const taskVariable = 'VIRT_REWIND_SECOND_EDITOR';

interface Task extends Pick<ChildTask, 'uri' | 'vm' | 'request'> {
  /** The home of the user, in the user database. */
  readonly home: string;
}

function journalOf(environment: NodeJS.ProcessEnv, home: string, flavour: string): string {
  const homes = { ofUser: () => home, ofProcess: () => join(home, flavour) };
  return stateFolder(environment, join(home, flavour, 'globalStorage'), homes);
}

/** Carries out the operation, and stays in its second step until it is killed. */
async function runAsSecondEditor(text: string): Promise<void> {
  const { uri, request, home } = JSON.parse(text) as Task;
  const editor = openEditor({
    uri,
    journal: journalOf(process.env, home, 'VSCodium'),
    editor: 'VSCodium',
    env: process.env,
    at: { step: 1, moment: 'before' },
    act: () => {
      process.send?.('in its second step');
      return new Promise(() => undefined);
    },
  });
  await editor.engine.connect(uri);
  await editor.engine.runOperation(request);
}

const task = process.env[taskVariable];
if (task !== undefined) {
  void runAsSecondEditor(task);
} else {
  describe('two editors of one user', () => {
    let stages: Stages;
    let second: ChildProcess;
    const opened: Editor[] = [];

    before(async () => {
      stages = await startStages();
    });
    after(async () => {
      opened.forEach(({ engine }) => engine.dispose());
      if (second.exitCode === null && second.signalCode === null) {
        second.kill('SIGKILL');
      }
      await stages.stop();
    });

    const kindOf = (running: Promise<unknown>): Promise<string | Failure> =>
      running.then(
        () => 'done',
        (error: unknown) => error as Failure,
      );

    it('see each other’s operations, and one brings to its end what the other had begun', async () => {
      const { daemon, editor: builder, stageOf } = stages;
      const { uri } = daemon;
      const { vm, stage } = await stageOf('shared');
      await stage.power('start');
      await stage.write();
      const title = await stage.create('one', 'disk');
      await stage.write();
      builder.engine.dispose();
      const home = join(daemon.dir, 'home');
      mkdirSync(home);
      const request: OperationRequest = {
        kind: 'revert',
        vm: stage.ref,
        snapshot: title,
        after: 'running',
        checkpointFirst: true,
      };
      second = fork(thisBundle, [], {
        env: {
          ...daemon.env,
          XDG_STATE_HOME: join(home, 'VSCodium/state'),
          [taskVariable]: JSON.stringify({ uri, vm: 'shared', request, home } satisfies Task),
        },
      });
      await once(second, 'message');

      const journal = journalOf({ ...daemon.env, XDG_STATE_HOME: join(home, 'Code') }, home, 'Code');
      const open = (where: string): Editor => {
        const editor = openEditor({ uri: where, journal, editor: 'Code', env: daemon.env });
        opened.push(editor);
        return editor;
      };
      const start: OperationRequest = { kind: 'power', vm: stage.ref, action: 'start' };
      const first = open(uri);
      await first.engine.connect(uri);
      const held = await kindOf(first.engine.runOperation(start));
      assert.ok(typeof held !== 'string');
      assert.deepEqual([held.kind, held.details.editor], ['busy', 'VSCodium']);
      first.engine.dispose();

      second.kill('SIGKILL');
      await once(second, 'exit');

      // The same daemon under another address: that it is the same one, nobody knows.
      const elsewhere = `${uri}&no_tty=1`;
      const third = open(elsewhere);
      const there = { ...start, vm: { ...stage.ref, connection: elsewhere } };
      await third.engine.connect(elsewhere);
      let refused = await kindOf(third.engine.runOperation(there));
      // The first one may have been about to look whether it can go on with the entry, and let go of it when it ended.
      while (typeof refused !== 'string' && refused.kind === 'busy') {
        refused = await kindOf(third.engine.runOperation(there));
      }
      assert.ok(typeof refused !== 'string');
      const { refusal } = refused.details;
      assert.deepEqual([refusal?.reason, refusal?.because?.reason], ['unfinishedOperation', 'begunElsewhere']);
      third.engine.dispose();

      const fourth = open(uri);
      await fourth.engine.connect(uri);
      await fourth.reported();
      assert.equal(fourth.reports.length, 1);
      assert.ok(['before', 'after'].includes(fourth.reports[0]!.outcome), fourth.reports[0]!.outcome);
      const { power } = await vm.see();
      const next = power === 'off' ? start : { ...start, action: 'forceOff' as const };
      assert.equal(await kindOf(fourth.engine.runOperation(next)), 'done');
      fourth.engine.dispose();
    });
  });
}
