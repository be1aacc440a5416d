// What is under way in this window, what waits, and what failed or was refused, as rows.
import { t } from '@vscode/l10n';
import { clockText } from '../../../domain/clockText.js';
import { displayLine } from '../../../domain/plainText.js';
import type { VmTurn } from '../../../domain/operation.js';
import type { EnginePort } from '../../../engine/enginePort.js';
import { checkStep } from '../../../engine/leases/operationStatus.js';
import type { VmView } from '../../../live/views.js';
import { requestWords } from '../../../text/operations/operationProgress.js';
import { progressText } from '../../../text/operations/progressText.js';
import type { KeptFailure } from '../../keptFailures.js';
import type { RunningEntry } from './runningOperations.js';

export interface OperationRow {
  /** The same thing is the same row. */
  readonly key: object;
  readonly state: 'running' | 'waiting' | 'refused' | 'failed';
  readonly label: string;
  readonly description?: string;
  readonly detail: string;
  /** Milliseconds since 1970; absent: a while ago. */
  readonly since?: number;
  /** Absent: it cannot be cancelled now. */
  readonly cancel?: () => unknown;
  readonly failure?: KeptFailure;
}

/** Running, then waiting, then failed ones, the newest of them first. */
export function operationRows(
  engine: Pick<EnginePort, 'connections' | 'findVm'>,
  entries: readonly RunningEntry[],
  failures: readonly KeptFailure[],
  now: number,
): readonly OperationRow[] {
  const systems = entries.filter(({ progress }) => progress !== undefined);
  const ofSystems = new Set<VmTurn>(systems.flatMap(({ requests }) => requests));
  const single = entries.filter(
    (entry) => !systems.includes(entry) && !entry.requests.some((request) => ofSystems.has(request)),
  );
  return [
    ...systems.filter(({ waitsFor }) => waitsFor === undefined).map(systemRow),
    ...engine.connections.flatMap(({ vms }) =>
      vms.flatMap((view) =>
        view.operation === undefined || ofSystems.has(view.operation.request)
          ? []
          : [runningRow(engine, view.operation, single, now)],
      ),
    ),
    ...[...systems, ...single].flatMap((entry) => waitingRow(engine, entry)),
    ...failures.map((failure) => failedRow(failure)),
  ];
}

/** `2 running, 1 waiting`; empty for nothing. What was refused changed nothing, and is in the list alone. */
export function operationCounts(rows: readonly Pick<OperationRow, 'state'>[]): string {
  const count = (state: OperationRow['state']): number => rows.filter((row) => row.state === state).length;
  const [running, waiting, failed] = [count('running'), count('waiting'), count('failed')];
  return [
    ...(running === 0 ? [] : [t('{0} running', running)]),
    ...(waiting === 0 ? [] : [t('{0} waiting', waiting)]),
    ...(failed === 0 ? [] : [t('{0} failed', failed)]),
  ].join(', ');
}

function systemRow(entry: RunningEntry): OperationRow {
  const { title, progress = '', cancel } = entry;
  return { key: entry, state: 'running', label: title, detail: t('in progress: {0}', progress), cancel };
}

function runningRow(
  engine: Pick<EnginePort, 'findVm'>,
  { request, startedAt, progress }: NonNullable<VmView['operation']>,
  entries: readonly RunningEntry[],
  now: number,
): OperationRow {
  const entry = entries.find(({ requests }) => requests.some((one) => one === request));
  const mayCancel = progress.cancellable || progress.step === checkStep;
  return {
    key: entry ?? request,
    state: 'running',
    label: entry?.title ?? requestWords(engine, request),
    detail: t('in progress: {0}', progressText(progress, now - startedAt)),
    since: startedAt,
    ...(entry !== undefined && mayCancel && { cancel: entry.cancel }),
  };
}

function waitingRow(engine: Pick<EnginePort, 'findVm'>, entry: RunningEntry): readonly OperationRow[] {
  const { title, waitsFor, cancel } = entry;
  if (waitsFor === undefined) {
    return [];
  }
  const detail = t('waiting for: {0}', requestWords(engine, waitsFor));
  return [{ key: entry, state: 'waiting', label: title, detail, cancel }];
}

function failedRow(failure: KeptFailure): OperationRow {
  const { command, vm, at, isRefusal, message } = failure;
  const what = [command.replace(/…$/u, ''), ...(vm === undefined ? [] : [displayLine(vm)])].filter((one) => one !== '');
  const time = clockText(at);
  return {
    key: failure,
    state: isRefusal ? 'refused' : 'failed',
    label: what.length === 0 ? 'Virt Rewind' : what.join(' · '),
    description: isRefusal ? t('refused at {0}', time) : t('failed at {0}', time),
    detail: message,
    failure,
  };
}
