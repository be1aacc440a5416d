// Tells of new things that are wrong with VMs: one message, however many there are. Decides nothing of what is new.
import * as vscode from 'vscode';
import type { CheckId } from '../health/healthFinding.js';
import type { InventoryPort } from '../inventory/inventory.js';
import type { Disposable } from '../lifetime/disposable.js';
import { healthText } from '../texts/healthText.js';
import type { HealthWatch, VmFinding } from '../watch/healthWatch.js';
import { Dismissed } from './commandError.js';
import { notify } from '../views/notify.js';
import { pickSnooze } from './pickSnooze.js';

const t = vscode.l10n.t;

/** What a shorter chain mends. */
const consolidatable: ReadonlySet<CheckId> = new Set<CheckId>([
  'chainTooDeep',
  'chainTooDeepToStart',
  'deltaTooOld',
  'deltaTooLarge',
  'deltasTooLarge',
]);
const consolidateCommand = 'virtRewind.consolidate';

export function healthNotices(inventory: InventoryPort, watch: HealthWatch, log: vscode.LogOutputChannel): Disposable {
  return watch.onDidFind((news) => {
    tell(inventory, watch, news).catch((error: unknown) => {
      if (!(error instanceof Dismissed)) {
        log.error(String(error));
      }
    });
  });
}

async function tell(inventory: InventoryPort, watch: HealthWatch, news: readonly VmFinding[]): Promise<void> {
  const [first] = news;
  const view = first && inventory.findVm(first.ref);
  if (first === undefined || view === undefined) {
    return;
  }
  const vms = new Set(news.map(({ ref }) => ref.uuid));
  const { what, todo } = healthText(first.finding, view, Date.now(), t);
  const message =
    news.length === 1
      ? `${what} ${todo}`
      : t('{0} things are wrong with {1} VMs. The first: {2}', news.length, vms.size, what);
  const show = t('Show');
  const consolidate = t('Consolidate…');
  const snooze = t('Snooze…');
  const canConsolidate = vms.size === 1 && news.some(({ finding }) => consolidatable.has(finding.check));
  const buttons = [show, ...(canConsolidate ? [consolidate] : []), snooze];
  const severity = news.some((one) => one.severity === 'error') ? 'error' : 'warning';
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
