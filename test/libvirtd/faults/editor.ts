// An extension's inventory on a connection, with a journal of its own, at which a fault can be put into a step. Run in
// this process, or in one that can be killed.
import { setTimeout as wait } from 'node:timers/promises';
import { libvirtHypervisor } from '../../../src/driver/connection/openLibvirt.js';
import { Engine } from '../../../src/engine/engine.js';
import { keepIn, type Persistence } from '../../../src/journal/persistence.js';
import type { Log } from '../../../src/base/log.js';
import { silentLog } from '../../silentLog.js';
import type { OperationRequest } from '../../../src/domain/operation.js';
import type { RecoveryReport } from '../../../src/domain/recoveryReport.js';
import { type At, type Course, hooked } from './stepHooks.js';

const lookAgainMs = 500;

export interface EditorOptions {
  readonly uri: string;
  readonly journal: string;
  readonly env: NodeJS.ProcessEnv;
  /** The folder with the state of the daemon's TPMs. */
  readonly tpms?: string;
  readonly editor?: string;
  /** As a command line does, which looks for what was interrupted only when it acts on the VM. */
  readonly recovers?: 'beforeOperations';
  readonly at?: At | undefined;
  readonly usualMs?: readonly number[];
  readonly act?: (course: Course) => Promise<void>;
}

export interface Editor {
  readonly engine: Engine;
  readonly course: Course;
  readonly reports: RecoveryReport[];
  readonly log: string[];
  /** Resolves when the end of something that broke off has been told, which comes after its entry has gone. */
  reported(): Promise<void>;
  /** Resolves when the journal holds nothing more to recover. */
  settled(): Promise<void>;
}

export function openEditor(options: EditorOptions): Editor {
  const { uri, journal, env, at, usualMs = [], act = () => Promise.resolve() } = options;
  const log: string[] = [];
  const keep = (line: string): number => log.push(line);
  const kept: Log = { ...silentLog, info: keep, warn: keep, error: keep };
  const real: Persistence = keepIn(journal, kept, options.editor);
  const { persistence, course } = hooked(real, at, usualMs, act);
  const { recovers } = options;
  const engine = new Engine({
    ...{
      open: libvirtHypervisor(kept, env, { ...(options.tpms !== undefined && { tpms: options.tpms }) }),
      log: kept,
      journal: persistence,
    },
    ...(recovers !== undefined && { recovers }),
  });
  const reports: RecoveryReport[] = [];
  const waiting = new Set<() => void>();
  const news = (): Promise<void> => new Promise((resolve) => waiting.add(resolve));
  const tell = (): void => {
    const all = [...waiting];
    waiting.clear();
    all.forEach((one) => one());
  };
  engine.onDidRecover((report) => {
    reports.push(report);
    tell();
  });
  // That a VM is no longer being recovered is seen after its report.
  engine.onDidChange(tell);
  const isRecovering = (): boolean => engine.connections.some(({ vms }) => vms.some((vm) => vm.recovering === true));
  engine.setConnections([uri]);
  // What goes by itself after a revert would go while a test compares.
  engine.setAutoPrune('everything');
  // Somebody looks, so that a connection that is lost is tried again.
  engine.setAttention({ visible: true, connections: new Set([uri]), vms: new Set() });
  return {
    engine,
    course,
    reports,
    log,
    reported: async () => {
      while (reports.length === 0) {
        await news();
      }
    },
    settled: async () => {
      for (;;) {
        const next = news();
        // One that says "failed" leaves its entry there, as does an explained one. Any other goes before its end is
        // told.
        const explained = reports.some(({ outcome }) => outcome === 'explained');
        if ((explained || (await real.journal.readInterrupted(uri)).entries.length === 0) && !isRecovering()) {
          return;
        }
        // Another process that has taken it up does not report its end here.
        await Promise.race([next, wait(lookAgainMs)]);
      }
    },
  };
}

/** What a process that is to die is told, in its environment. */
export interface ChildTask {
  readonly uri: string;
  readonly journal: string;
  readonly vm: string;
  readonly tpms?: string;
  readonly request: OperationRequest;
  readonly at: At;
  readonly usualMs: readonly number[];
}

export const childVariable = 'VIRT_REWIND_FAULT_CHILD';

/** Carries out the operation and kills itself on the way; ends with 0 only when it came through. */
export async function runAsChild(text: string): Promise<void> {
  const task = JSON.parse(text) as ChildTask;
  const editor = openEditor({
    ...task,
    env: process.env,
    act: () => {
      process.kill(process.pid, 'SIGKILL');
      return new Promise(() => undefined);
    },
  });
  await editor.engine.connect(task.uri);
  await editor.engine.runOperation(task.request);
  editor.engine.dispose();
}
