// Ends a test that waits in silence. A test on a slow machine takes long, and works; one that hangs does nothing, for
// minutes. What a test awaits reaches its process as an event, so the processor time of that process tells the two
// apart.

const lookMs = 10_000;
/** Looks in a row. A guest that boots on a crowded machine says something sooner. */
const mostSilentLooks = 30;
/** Keepalives and timers take less than this share of the time. */
const restingShare = 0.005;

/**
 * @returns {(test: unknown, workedMs: number) => boolean} to be called once in `lookMs` with the test that runs and the
 *   processor time since the last call; whether that test has been silent for too long
 */
function silenceWatch() {
  let silentLooks = 0;
  /** @type {unknown} */
  let watched;
  return (test, workedMs) => {
    const isSilent = test !== undefined && test === watched && workedMs < lookMs * restingShare;
    silentLooks = isSilent ? silentLooks + 1 : 0;
    watched = test;
    return silentLooks >= mostSilentLooks;
  };
}

/**
 * @param {import('mocha').Runner} runner
 * @returns {() => void} ends the watch
 */
function endSilentTests(runner) {
  const isHanging = silenceWatch();
  let before = process.cpuUsage();
  const timer = setInterval(() => {
    const now = process.cpuUsage();
    const workedMs = (now.user + now.system - before.user - before.system) / 1000;
    before = now;
    /** @type {any} */
    const test = /** @type {any} */ (runner).currentRunnable;
    if (!isHanging(test, workedMs) || test.timedOut) return;
    const minutes = (lookMs * mostSilentLooks) / 60_000;
    const open = process.getActiveResourcesInfo().join(', ');
    // As mocha's own time limit does it: the test fails, its hooks still run.
    test.callback(new Error(`nothing has happened for ${minutes} minutes; still open: ${open}`));
    test.timedOut = true;
  }, lookMs);
  timer.unref();
  return () => clearInterval(timer);
}

module.exports = { endSilentTests, silenceWatch };
