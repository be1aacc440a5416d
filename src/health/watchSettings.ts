// The limits of the health checks as people write them down → as the checks count.
import { type Thresholds, thresholdsIn } from '../diagnosis/thresholds.js';
import type { Settings } from '../manifest/settings.js';
import type { WatchSettings } from './healthWatch.js';

const gigabyte = 1024 ** 3;

export function watchSettings(settings: Settings): WatchSettings {
  const thresholds: Thresholds = {
    layers: settings.healthLayers,
    ageHours: settings.healthAgeHours,
    deltaBytes: settings.healthDeltaGb * gigabyte,
    deltaPercent: settings.healthDeltaPercent,
    allDeltasBytes: settings.healthAllDeltasGb * gigabyte,
    freePercent: settings.healthFreePercent,
    fullInDays: settings.healthFullInDays,
  };
  const exceptions = Object.entries(settings.healthExceptions).map(([vm, limits]) => ({
    vm,
    thresholds: thresholdsIn(limits),
  }));
  return { sweepMinutes: settings.healthSweepMinutes, thresholds, exceptions };
}
