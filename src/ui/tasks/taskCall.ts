// What a task of tasks.json asks for: which command with which arguments, or what is waited for.
import { t } from '@vscode/l10n';
import * as v from 'valibot';
import { checkpointTitle } from '../../domain/titleSuggestion.js';
import { labFileName } from '../../manifest/labFileName.js';
import type { GuestCommand } from '../../domain/guestCommand.js';
import type { Wait } from '../../domain/wait.js';
import { type TaskAction, taskActions, taskShapes } from '../../verbs/tasks.js';
import type { CommandId } from '../../verbs/verbs.js';
import { CommandError } from '../prompts/commandError.js';

/** A guest without KVM takes its time. */
const usualWaitSeconds = 120;
const usualProgramSeconds = 60;

const { vm, connection, host, port, seconds, args } = taskShapes;
const wait = v.strictObject({
  vm: v.optional(vm),
  connection: v.optional(connection),
  host: v.optional(host),
  port: v.optional(port),
  seconds: v.optional(seconds),
});

const systemWait = v.strictObject({ system: taskShapes.system, seconds: v.optional(seconds) });

const program = v.strictObject({
  vm,
  connection: v.optional(connection),
  program: taskShapes.program,
  args: v.optional(args, []),
  seconds: v.optional(v.pipe(seconds, v.minValue(1)), usualProgramSeconds),
});

export type TaskCall =
  | {
      readonly kind: 'command';
      readonly action: Exclude<TaskAction, 'wait' | 'run'>;
      readonly command: CommandId;
      readonly given: Readonly<Record<string, unknown>>;
    }
  | { readonly kind: 'wait'; readonly wait: Wait }
  /** A port at the address of the VM, which is not known yet. */
  | {
      readonly kind: 'waitForPort';
      readonly vm: string;
      readonly connection?: string | undefined;
      readonly port: number;
      readonly atMostMs: number;
    }
  /** Each of its VMs: until it runs, and is up as its start order says. */
  | { readonly kind: 'waitForSystem'; readonly system: string; readonly atMostMs: number }
  | {
      readonly kind: 'run';
      readonly vm: string;
      readonly connection?: string | undefined;
      readonly command: GuestCommand;
    };

/**
 * The arguments of a command are looked at by the command itself.
 *
 * | action     | is                                                                                  |
 * |------------|-------------------------------------------------------------------------------------|
 * | checkpoint | Quick Checkpoint; with a title Create Snapshot, of the best kind for what the VM does |
 * | wait       | for a port of a host or of the VM; without one for its guest agent; else just some time |
 * |            | with a system until all of its VMs are up                                            |
 * | run        | a program in the guest, by its agent                                                |
 * | createLab, resetLab | the command of that name, of the workspace's lab file unless another is named |
 * | any other  | the command of that name; with a system, what is done with all its VMs                |
 *
 * @throws CommandError `invalid`
 */
export function taskCall(definition: Readonly<Record<string, unknown>>): TaskCall {
  const { type: _type, action: asked, ...given } = definition;
  const action = taskActions.find((one) => one === asked);
  if (action === undefined) {
    throw new CommandError('invalid', t('The action of a task must be one of these: {0}.', taskActions.join(', ')));
  }
  if (action === 'wait') {
    return given['system'] === undefined ? waitOf(given) : systemWaitOf(given);
  }
  if (action === 'createLab' || action === 'resetLab') {
    return { kind: 'command', action, command: `virtRewind.${action}`, given: { file: labFileName, ...given } };
  }
  const isOfSystem = given['system'] !== undefined;
  if (isOfSystem && !onSystems.includes(action)) {
    throw new CommandError('invalid', t('This command works on one VM, not on a system. Select one of its VMs.'));
  }
  if (!isOfSystem && (typeof given['vm'] !== 'string' || given['vm'] === '')) {
    throw new CommandError('invalid', t('The task does not name a VM.'));
  }
  if (action === 'run') {
    return runOf(given);
  }
  if (action === 'revert' && typeof given['snapshot'] !== 'string') {
    throw new CommandError('invalid', t('The task does not name a snapshot to revert to.'));
  }
  if (action !== 'checkpoint') {
    return { kind: 'command', action, command: `virtRewind.${action}`, given };
  }
  if (isOfSystem) {
    // Nobody is there to be asked for one.
    const title = checkpointTitle([], new Date());
    return { kind: 'command', action, command: 'virtRewind.createSnapshot', given: { title, ...given } };
  }
  return given['title'] === undefined
    ? { kind: 'command', action, command: 'virtRewind.quickCheckpoint', given }
    : { kind: 'command', action, command: 'virtRewind.createSnapshot', given: { kind: 'auto', ...given } };
}

const onSystems: readonly TaskAction[] = ['start', 'shutDown', 'checkpoint', 'revert'];

function parsedAs<T extends v.GenericSchema>(shape: T, given: Readonly<Record<string, unknown>>): v.InferOutput<T> {
  const parsed = v.safeParse(shape, given);
  if (!parsed.success) {
    const key = v.getDotPath(parsed.issues[0]) ?? '';
    throw new CommandError('invalid', t('Invalid value for the argument {0}.', key));
  }
  return parsed.output;
}

function runOf(given: Readonly<Record<string, unknown>>): TaskCall {
  const { vm, connection, program: name, args, seconds } = parsedAs(program, given);
  return { kind: 'run', vm, connection, command: { program: name, args, atMostMs: seconds * 1_000 } };
}

function systemWaitOf(given: Readonly<Record<string, unknown>>): TaskCall {
  const { system, seconds = usualWaitSeconds } = parsedAs(systemWait, given);
  return { kind: 'waitForSystem', system, atMostMs: seconds * 1_000 };
}

function waitOf(given: Readonly<Record<string, unknown>>): TaskCall {
  const { vm, connection, host, port, seconds } = parsedAs(wait, given);
  const atMostMs = (seconds ?? usualWaitSeconds) * 1_000;
  const waitFor = (what: Wait): TaskCall => ({ kind: 'wait', wait: what });
  if (port !== undefined && host !== undefined) {
    return waitFor({ what: 'port', host, port, atMostMs });
  }
  if (port !== undefined && vm !== undefined) {
    return { kind: 'waitForPort', vm, connection, port, atMostMs };
  }
  if (port !== undefined || host !== undefined) {
    throw new CommandError(
      'invalid',
      t('A task that waits for a port needs a host or a VM. A host also needs a port.'),
    );
  }
  if (vm !== undefined) {
    return waitFor({ what: 'agent', vm, atMostMs, ...(connection !== undefined && { connection }) });
  }
  if (seconds === undefined) {
    throw new CommandError('invalid', t('A task that waits needs a VM, a host with a port, or seconds.'));
  }
  return waitFor({ what: 'time', atMostMs });
}
