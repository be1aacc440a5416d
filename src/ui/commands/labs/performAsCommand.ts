// An operation of the lesson, as the command that its learner would call.
import * as vscode from 'vscode';
import { t } from '@vscode/l10n';
import { Failure } from '../../../domain/failure.js';
import type { OperationRequest } from '../../../domain/operation.js';
import type { CommandId } from '../../../verbs/verbs.js';
import { CommandError } from '../../prompts/commandError.js';

/** Whether it is done by a command of a person's. */
export function isCommand(request: OperationRequest): boolean {
  const { kind } = request;
  return kind === 'create' || kind === 'revert' || kind === 'power' || (kind === 'delete' && request.scope === 'one');
}

/** @throws Failure that the command met, or what else it ended with */
export async function performAsCommand(request: OperationRequest): Promise<unknown> {
  const target = { vm: request.vm.uuid, connection: request.vm.connection };
  const [id, given] = commandFor(request);
  try {
    return await vscode.commands.executeCommand(id, { ...target, ...given });
  } catch (error) {
    // The lesson shows what happened in its own page, as the command's message would.
    throw error instanceof Error && error.cause instanceof Failure ? error.cause : error;
  }
}

/** Only those that the lesson has; it asked before it did them. */
function commandFor(request: OperationRequest): readonly [CommandId, object] {
  switch (request.kind) {
    case 'create': {
      const { snapshotKind: kind, style, title } = request;
      return ['virtRewind.createSnapshot', { kind, style, title, description: '' }];
    }
    case 'revert': {
      const { snapshot, after, checkpointFirst } = request;
      return ['virtRewind.revert', { snapshot, after, checkpointFirst, confirm: false }];
    }
    case 'delete':
      return ['virtRewind.deleteSnapshot', { snapshot: request.snapshot, confirm: false }];
    case 'power':
      return request.action === 'start'
        ? ['virtRewind.start', {}]
        : [`virtRewind.${request.action}`, { ...(request.action === 'shutDown' && { confirm: false }) }];
    case 'clone':
    case 'discard':
    case 'disk':
    case 'rename':
    case 'repair':
    case 'describe':
    case 'consolidate':
    case 'prune':
    case 'speed':
    case 'debug':
      throw new CommandError('invalid', t('The lesson has no such step.'));
  }
}
