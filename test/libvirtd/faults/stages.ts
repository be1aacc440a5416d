// VMs on a private daemon, each with a stage to act on, for tests that need one editor. Knows no fault.
import { join } from 'node:path';
import { startPrivateDaemon } from '../../../scripts/rig/privateDaemon.mjs';
import { OracleVm } from '../../oracle/oracleVm.js';
import type { Daemon } from '../engineRig.js';
import { type Editor, openEditor } from './editor.js';
import { GuestVm } from '../guestVm.js';

export interface Stages {
  readonly daemon: Daemon;
  readonly editor: Editor;
  /** A VM of that name with two disks, off. */
  readonly stageOf: (name: string) => Promise<{ readonly vm: OracleVm; readonly stage: GuestVm }>;
  stop(): Promise<void>;
}

export async function startStages(): Promise<Stages> {
  const daemon = await startPrivateDaemon();
  const editor = openEditor({ uri: daemon.uri, journal: join(daemon.dir, 'journal'), env: daemon.env });
  return {
    daemon,
    editor,
    stageOf: async (name) => {
      const vm = await OracleVm.define(daemon, { name, diskMiB: 4, folder: join(daemon.dir, name) });
      await editor.engine.connect(daemon.uri);
      await editor.engine.refresh({ connection: daemon.uri });
      return { vm, stage: new GuestVm(editor.engine, vm, editor.engine.findVms(name)[0]!.ref) };
    },
    stop: async () => {
      editor.engine.dispose();
      await daemon.stop();
    },
  };
}
