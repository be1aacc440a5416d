// Runs one task to its end and tells its terminal, in the same sentences that a message would have.
import { t } from '@vscode/l10n';
import type { Clock } from '../../base/clock.js';
import { asFailure } from '../../domain/asFailure.js';
import type { GuestRun } from '../../domain/guestCommand.js';
import type { Refusal } from '../../domain/refusal.js';
import type { Vm } from '../../domain/vm.js';
import type { PortWait, Wait } from '../../domain/wait.js';
import { isAlreadyInState } from '../../operations/power/alreadyInState.js';
import type { CommandId } from '../../verbs/verbs.js';
import { displayLine } from '../../domain/plainText.js';
import { failureMessage } from '../../text/failures/failureMessage.js';
import { durationText } from '../../text/relativeAge.js';
import { CommandError, DismissedError } from '../prompts/commandError.js';
import { GuestOutput } from '../../text/guests/guestOutput.js';
import { lateProgramText, noAddressText, waitHeading, lateText, noAgentText } from '../../text/guests/waitText.js';
import { type TaskCall, taskCall } from './taskCall.js';
import { type WaitContext, waitFor as waitInEngine } from '../../engine/waitFor.js';

/**
 * @throws CommandError `failed` when it was in vain, Dismissed when it was broken off, and whatever reading the VM
 *   throws
 */
async function waitFor(wait: Wait, waiting: WaitContext): Promise<void> {
  const { outcome, name } = await waitInEngine(wait, waiting);
  if (outcome === 'stopped') {
    throw new DismissedError();
  }
  if (outcome === 'noAgent') {
    throw new CommandError('unsupported', noAgentText(name));
  }
  if (outcome === 'late' && wait.what !== 'time') {
    throw new CommandError('failed', lateText(wait));
  }
}

/** A line of a terminal is folded, not cut. */
const longestLine = 2_000;

export interface TaskRun {
  /** As tasks.json has it, with its variables filled in. */
  readonly definition: Readonly<Record<string, unknown>>;
  readonly isTrusted: boolean;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly write: (line: string) => void;
  readonly execute: (command: CommandId, given: object) => PromiseLike<unknown>;
  readonly readVm: (vm: string, connection?: string) => Promise<Vm>;
  readonly guestPort: (call: PortCall, signal: AbortSignal) => Promise<PortWait | 'late' | 'stopped'>;
  /** Text of a program, as it is. */
  readonly show: (text: string) => void;
  /** Rejects with what the first that did not come up failed with. */
  readonly untilUp: (system: string, atMostMs: number, signal: AbortSignal) => Promise<void>;
  readonly runIn: (call: ProgramCall, signal: AbortSignal) => Promise<GuestRun>;
}

type ProgramCall = Extract<TaskCall, { kind: 'run' }>;
type PortCall = Extract<TaskCall, { kind: 'waitForPort' }>;

/** As a shell tells of a program that a signal ended. */
const signalBase = 128;

/**
 * | how it ended                                              | exit code |
 * |-----------------------------------------------------------|-----------|
 * | done, or the VM was in the wanted state already           | 0         |
 * | a program in the guest                                    | its own   |
 * | refused, failed, not answered, broken off, not understood | 1         |
 */
export async function runTask(run: TaskRun): Promise<number> {
  const say = (line: string): void => run.write(displayLine(line, longestLine));
  try {
    // The author of tasks.json could do anything to the VMs, and switch the questions off.
    if (!run.isTrusted) {
      throw new CommandError('refused', t('Tasks do not change VMs while the workspace is not trusted.'));
    }
    const call = taskCall(run.definition);
    say(heading(call));
    const started = run.clock.ticks();
    if (call.kind === 'run') {
      return await runProgram(call, run);
    }
    for (const line of await carryOut(call, run)) {
      say(line);
    }
    say(t('Done in {0}.', durationText(run.clock.ticks() - started)));
    return 0;
  } catch (error) {
    say(whyNot(error));
    return 1;
  }
}

/** Returns what there is to tell beside that it is done. */
async function carryOut(call: Exclude<TaskCall, ProgramCall>, run: TaskRun): Promise<readonly string[]> {
  if (call.kind === 'waitForSystem') {
    await run.untilUp(call.system, call.atMostMs, run.signal);
    return [];
  }
  if (call.kind === 'wait' || call.kind === 'waitForPort') {
    await waitFor(call.kind === 'wait' ? call.wait : await portOf(call, run), run);
    return [];
  }
  let result: unknown;
  try {
    result = await run.execute(call.command, call.given);
  } catch (error) {
    if (isPower(call.action) && isAlreadyInState(call.action, refusalOf(error))) {
      return [t('{0} is already {1}.', t('VM'), call.action === 'start' ? t('running') : t('off'))];
    }
    throw error;
  }
  if (typeof result !== 'object' || result === null) {
    throw new DismissedError();
  }
  const [snapshot, checkpoint] = [textOf(result, 'snapshot'), textOf(result, 'checkpoint')];
  return [
    ...(call.action === 'checkpoint' && snapshot !== undefined ? [t('Name of the snapshot: {0}.', snapshot)] : []),
    ...(checkpoint === undefined ? [] : [t('The previous state was saved as {0}.', checkpoint)]),
  ];
}

/** A port of the VM's own address, which may not be known yet: it is asked for until the time is over. */
async function portOf(call: PortCall, run: TaskRun): Promise<Wait> {
  const found = await run.guestPort(call, run.signal);
  if (found === 'stopped') {
    throw new DismissedError();
  }
  if (found === 'late') {
    throw new CommandError('failed', noAddressText(call.vm, '"host"'));
  }
  return found;
}

async function runProgram(call: ProgramCall, run: TaskRun): Promise<number> {
  const ran = await run.runIn(call, run.signal);
  if (ran.kind === 'late') {
    throw new CommandError('failed', lateProgramText(call.vm, call.command.atMostMs, ran.pid));
  }
  for (const { bytes } of [ran.stdout, ran.stderr]) {
    run.show(new GuestOutput().push(bytes).replaceAll(/\r?\n/gu, '\r\n'));
  }
  const code = ran.exitCode ?? signalBase + (ran.signal ?? 0);
  run.write(t('The program exited with code {0}.', code));
  return code;
}

function isPower(action: string): action is 'start' | 'shutDown' | 'forceOff' {
  return ['start', 'shutDown', 'forceOff'].includes(action);
}

function refusalOf(error: unknown): Refusal | undefined {
  return error instanceof CommandError ? error.details.refusal : undefined;
}

function textOf(result: object, key: string): string | undefined {
  const value: unknown = Reflect.get(result, key);
  return typeof value === 'string' ? value : undefined;
}

function whyNot(error: unknown): string {
  if (error instanceof DismissedError) {
    return t('Nothing was changed: the question was not answered, or the task was cancelled.');
  }
  if (error instanceof CommandError) {
    return error.message;
  }
  return failureMessage(asFailure(error));
}

function heading(call: TaskCall): string {
  if (call.kind === 'wait') {
    return waitHeading(call.wait);
  }
  if (call.kind === 'waitForPort') {
    return waitHeading({ what: 'port', host: call.vm, port: call.port, atMostMs: call.atMostMs });
  }
  if (call.kind === 'waitForSystem') {
    return t('Waiting until all VMs of {0} are ready…', call.system);
  }
  if (call.kind === 'run') {
    return t('Running {0} in {1}…', [call.command.program, ...call.command.args].join(' '), call.vm);
  }
  const vm = String(call.given['system'] ?? call.given['vm'] ?? call.given['file']);
  switch (call.action) {
    case 'start':
      return t('Starting {0}…', vm);
    case 'shutDown':
      return t('Shutting down {0}…', vm);
    case 'forceOff':
      return t('Forcing off {0}…', vm);
    case 'checkpoint':
      return t('Creating a checkpoint of {0}…', vm);
    case 'createLab':
      return t('Creating the lab of {0}…', vm);
    case 'resetLab':
      return t('Resetting the lab of {0}…', vm);
    case 'revert':
      return t('Reverting {0} to {1}…', vm, String(call.given['snapshot']));
  }
}
