// A log that keeps nothing, for tests of what writes one.
import type { Log } from '../src/base/log.js';

function noop(): void {
  // Nothing is kept.
}

export const silentLog: Log = { trace: noop, debug: noop, info: noop, warn: noop, error: noop };
