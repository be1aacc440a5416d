// All VMs of a system are started in their order, or shut down in the other one.
import { t } from '@vscode/l10n';
import { displayLine } from '../../domain/plainText.js';
import { treeViewId } from '../../manifest/viewIds.js';
import type { SystemPowerAction, SystemPowerPlan, SystemPowerResult } from '../../systems/systemPower.js';
import type { Systems } from '../../systems/systems.js';
import { systemPowerQuestion, systemPowerText } from '../../text/systemText.js';
import { CommandError } from '../prompts/commandError.js';
import { noteInStatusBar, showInView } from '../prompts/notify.js';
import type { CommandRun } from './commandServices.js';
import { operate } from './operate.js';
import { agreeToSystem, followSystem } from './systemOperations.js';
import { targetSystem } from './systemTargets.js';

/**
 * Starts all VMs of a system in their order, each when those before it are up; or shuts them down, last the ones that
 * others come after.
 */
export async function powerSystem(run: CommandRun, action: SystemPowerAction): Promise<SystemPowerResult> {
  const stored = await targetSystem(run);
  const systems = await run.systems.open();
  try {
    const plan = await showInView(treeViewId, () => systems.planPower(stored, action));
    const loses = plan.members.some(({ plan: own }) => own.losses.length > 0);
    await agreeToSystem(run, plan, loses ? systemPowerQuestion(plan, Date.now()) : undefined);
    const result = await atWork(run, plan, systems);
    const said = systemPowerText(plan, result).join(' ');
    const [first, ...others] = result.members.flatMap(({ failure }) => failure ?? []);
    if (first !== undefined) {
      throw new CommandError(first.kind, said, first.details, { cause: first, isOnly: others.length === 0 });
    }
    noteInStatusBar(said);
    return result;
  } finally {
    // What had broken off on it may have been brought to its end before.
    await run.systems.known.read();
  }
}

/** Under the eyes of the user. Cancelled, those whose turn has not come stay as they are. */
function atWork(run: CommandRun, plan: SystemPowerPlan, systems: Systems): Thenable<SystemPowerResult> {
  const title = t('Virt Rewind: {0}', displayLine(plan.system.name));
  return followSystem(run, title, plan, ({ signal, cancellation, progress, report }) =>
    systems.runPower(plan, {
      signal,
      ...progress.whenever((text) => report(text, 100 / plan.system.members.length)),
      act: async ({ plan: own }) => {
        await operate(run, own.request, { confirmed: own, quiet: 'all', cancellation, protection: 'answered' });
      },
    }),
  );
}
