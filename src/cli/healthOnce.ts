// Health as one call judges it: by the user's settings and the files of labs, without a memory.
import { HealthWatch } from '../health/healthWatch.js';
import { watchSettings } from '../health/watchSettings.js';
import { labThresholds } from '../lab/labThresholds.js';
import type { Problem } from '../diagnosis/problem.js';
import type { VmView } from '../live/views.js';
import { problemText } from '../text/problems/problemText.js';
import type { Context } from './context.js';

/** What was told, is snoozed and grows are the editor's to remember. */
const noNotes = { read: () => Promise.resolve(undefined), write: () => Promise.resolve() };

/** It never sweeps by itself. The caller disposes of it. */
export function healthOnce({ session, log }: Pick<Context, 'session' | 'log'>): HealthWatch {
  const { engine, settings, folder } = session;
  const watch = new HealthWatch({ engine, notes: noNotes, log, ofLabs: () => labThresholds(folder, log) });
  watch.setSettings({ ...watchSettings(settings), sweepMinutes: 0 });
  return watch;
}

const inTheWay: readonly Problem['kind'][] = ['chainTooDeep', 'chainTooDeepToStart', 'freeSpaceLow', 'backingMissing'];

/** What a snapshot more would make worse, as a sentence; undefined: nothing. */
export async function worsenedBySnapshot(
  { session, log }: Pick<Context, 'session' | 'log'>,
  views: readonly VmView[],
): Promise<string | undefined> {
  const watch = healthOnce({ session, log });
  try {
    for (const uri of new Set(views.map(({ ref }) => ref.connection))) {
      await watch.sweepNow(uri);
    }
    for (const view of views) {
      const found = watch.everything(view.ref)?.found.find(({ kind }) => inTheWay.includes(kind));
      if (found !== undefined) {
        return problemText(found, session.view(view), Date.now()).what;
      }
    }
    return undefined;
  } finally {
    watch.dispose();
  }
}
