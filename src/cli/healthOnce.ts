// Health as one call judges it: by the user's settings and the files of labs, without a memory.
import { HealthWatch } from '../health/healthWatch.js';
import { watchSettings } from '../health/watchSettings.js';
import { labThresholds } from '../lab/labThresholds.js';
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
