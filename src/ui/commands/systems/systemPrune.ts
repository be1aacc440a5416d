// Deletes old restore points of a system by a rule, after a look at which: prune, called on a system.
import { agreeToSystem } from './systemOperations.js';
import { t } from '@vscode/l10n';
import { groupQuestion } from '../../../session/carryOut.js';
import { sessionOf } from '../sessionOf.js';
import { displayLine } from '../../../domain/plainText.js';
import type { StoredSystem } from '../../../domain/system.js';
import { treeViewId } from '../../../manifest/viewIds.js';
import type { PruneRule } from '../../../operations/prune/pruneRule.js';
import type { Systems } from '../../../systems/systems.js';
import {
  chosenPoints,
  planSystemPrune,
  pointsForRules,
  runSystemPrune,
  type SystemPrune,
} from '../../../systems/systemPrune.js';
import {
  nothingToPruneText,
  stayingLine,
  systemPrunedText,
  systemPruneQuestion,
} from '../../../text/systems/systemPruneText.js';
import { NothingThere } from '../../prompts/commandError.js';
import { notifyProgress, showInView } from '../../prompts/notify.js';
import { ruleOf, usualRules } from '../../prompts/pickPruned.js';
import { pick } from '../../prompts/pickTarget.js';
import { argumentsOf } from '../commandArguments.js';
import type { CommandRun } from '../commandServices.js';
import { mustConfirm } from '../consent.js';
import { tellDone } from '../operateAll.js';
import { targetSystem } from './systemTargets.js';
import { undoMomentOf } from '../cancelMoment.js';

interface PrunedPoints {
  /** Titles. */
  readonly deleted: readonly string[];
  readonly stays: readonly { readonly snapshot: string; readonly why: string }[];
}

export async function pruneSystem(run: CommandRun): Promise<PrunedPoints> {
  const stored = await targetSystem(run);
  const systems = await run.systems.open();
  const prune = await planOf(run, stored, systems);
  if (prune.going.length === 0) {
    throw new NothingThere(nothingToPruneText(prune));
  }
  await agree(run, prune);
  try {
    const result = await notifyProgress(
      t('Virt Rewind: {0}', displayLine(stored.system.name)),
      true,
      (report, token) => {
        const controller = new AbortController();
        token.onCancellationRequested(() => controller.abort());
        const share = 100 / prune.going.length;
        return runSystemPrune(systems, prune, {
          signal: controller.signal,
          onPoint: ({ title }) => report(t('deleting {0}', displayLine(title)), share),
        });
      },
    );
    const message = systemPrunedText(prune, result);
    for (const one of result.stays) {
      run.log.info(`${stored.system.name}: ${stayingLine(one)}`);
    }
    tellDone(run, message, result.stays.map(stayingLine));
    return {
      deleted: result.deleted.map(({ title }) => title),
      stays: result.stays.map(({ point, why }) => ({ snapshot: point.title, why: why.kind })),
    };
  } finally {
    await run.systems.known.read();
  }
}

/** By a rule that was given, or that is picked by what it would delete: no later number differs from that one. */
async function planOf(run: CommandRun, stored: StoredSystem, systems: Systems): Promise<SystemPrune> {
  const { olderThan, keepLast } = argumentsOf(run.call);
  const now = Date.now();
  const planBy = (rule: PruneRule): PromiseLike<SystemPrune> =>
    showInView(treeViewId, () => planSystemPrune(systems, run.engine, stored, rule, now));
  if (olderThan !== undefined || keepLast !== undefined) {
    return planBy(
      ruleOf({ ...(olderThan !== undefined && { olderThan }), ...(keepLast !== undefined && { keepLast }) }),
    );
  }
  const all = await planBy({});
  const points = await pointsForRules(run.engine, stored);
  const byRule = (rule: PruneRule): SystemPrune => {
    const chosen = new Set(chosenPoints(rule, points, now).map(({ id }) => id));
    return {
      ...all,
      going: all.going.filter((one) => chosen.has(one.stored.id)),
      stays: all.stays.filter(({ point }) => chosen.has(point.id)),
    };
  };
  const made = points.filter(({ auto }) => auto === undefined).length;
  const choices = usualRules((rule) => byRule(rule).going.length, made, [1, 3, 10]);
  if (choices.length === 0) {
    throw new NothingThere(
      t('The system {0} has too few restore points to prune: the newest is kept.', displayLine(stored.system.name)),
    );
  }
  return byRule(
    ruleOf(await pick(choices, t('Select the restore points to delete. Kept ones and those that a VM is at stay.'))),
  );
}

/** @throws Dismissed */
async function agree(run: CommandRun, prune: SystemPrune): Promise<void> {
  const { system } = prune.stored;
  const { guarded } = groupQuestion(
    sessionOf(run),
    prune.going.flatMap((one) => one.members),
  );
  await agreeToSystem(run, system.name, guarded, systemPruneQuestion(prune, Date.now()));
  if (mustConfirm(run)) {
    await undoMomentOf(
      system.name,
      prune.going.map(({ point }) => point.title),
    );
  }
}
