// Tells of new things that are wrong with VMs: one message, however many there are. Decides nothing of what is new.
import * as vscode from 'vscode';
import { t } from '@vscode/l10n';
import type { ProblemKind } from '../../diagnosis/problem.js';
import { severityOf } from '../../diagnosis/problemTable.js';
import type { EnginePort } from '../../engine/enginePort.js';
import type { Disposable } from '../../base/disposable.js';
import type { VmRef } from '../../domain/vm.js';
import { healthNewsText } from '../../text/problems/healthNewsText.js';
import type { HealthWatch, VmProblem } from '../../health/healthWatch.js';
import { DismissedError } from '../prompts/commandError.js';
import { notify } from '../prompts/notify.js';
import { pickSnooze } from './pickSnooze.js';

/** What a shorter chain mends. */
const consolidatable: ReadonlySet<ProblemKind> = new Set<ProblemKind>([
  'chainTooDeep',
  'chainTooDeepToStart',
  'deltaTooOld',
  'deltaTooLarge',
  'deltasTooLarge',
]);
const consolidateCommand = 'virtRewind.consolidate';

export function healthNotices(
  engine: EnginePort,
  watch: HealthWatch,
  isSeen: (ref: VmRef) => boolean,
  log: vscode.LogOutputChannel,
): Disposable {
  return watch.onDidFind((all) => {
    // What a page in sight says needs no message.
    const news = all.filter(({ ref }) => !isSeen(ref));
    tell(engine, watch, news).catch((error: unknown) => {
      if (!(error instanceof DismissedError)) {
        log.error(String(error));
      }
    });
  });
}

async function tell(engine: EnginePort, watch: HealthWatch, all: readonly VmProblem[]): Promise<void> {
  // A VM that is gone meanwhile needs no notice.
  const news = all.flatMap((one) => {
    const view = engine.findVm(one.ref);
    return view === undefined ? [] : [{ ...one, view }];
  });
  const [first, ...others] = news;
  if (first === undefined) {
    return;
  }
  const vms = new Set(news.map(({ ref }) => ref.uuid));
  const message = healthNewsText([first, ...others], Date.now());
  const show = t('Show');
  const consolidate = t('Consolidate…');
  const snooze = t('Snooze…');
  const canConsolidate = vms.size === 1 && news.some(({ problem }) => consolidatable.has(problem.kind));
  const buttons = [show, ...(canConsolidate ? [consolidate] : []), snooze];
  const severity = news.some(({ problem }) => severityOf(problem) === 'error') ? 'error' : 'warning';
  const button = await notify(severity, message, ...buttons);
  const target = { vm: first.ref.uuid, connection: first.ref.connection };
  if (button === show) {
    await vscode.commands.executeCommand('virtRewind.checkHealth', ...(vms.size === 1 ? [target] : []));
  } else if (button === consolidate) {
    await vscode.commands.executeCommand(consolidateCommand, target);
  } else if (button === snooze) {
    await watch.snooze(
      news.map(({ key }) => key),
      await pickSnooze(),
    );
  }
}
