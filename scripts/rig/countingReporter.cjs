// mocha's usual report, and at its end the counts and failures as JSON in $TEST_COUNTS, so that nobody has to read them
// out of text.
const { appendFileSync, writeFileSync } = require('node:fs');
const { format } = require('node:util');
const Mocha = require('mocha');
const { endSilentTests } = require('./silence.cjs');
const { withSourceLines } = require('./sourceLines.cjs');

const { Base, Spec } = Mocha.reporters;

const messageLines = 12;
/** For what a test has started to end, before the process that is left with it counts as failed: it would never end. */
const longestEndMs = 60_000;

class CountingReporter extends Spec {
  /** @param {import('mocha').Runner} runner @param {import('mocha').MochaOptions} options */
  constructor(runner, options) {
    const report = process.env['TEST_REPORT'];
    // An extension host's standard output reaches nobody; its starter reads this file.
    if (report) Base.consoleLog = (...args) => appendFileSync(report, `${format(...args)}\n`);
    // Before the report looks at it.
    runner.prependListener('fail', (_, error) => {
      for (let one = error; one instanceof Error; one = one.cause) {
        if (typeof one.stack === 'string') one.stack = withSourceLines(one.stack);
      }
    });
    super(runner, options);
    const endWatch = endSilentTests(runner);
    runner.once('end', () => {
      endWatch();
      const { passes, failures, pending } = this.stats;
      const counts = process.env['TEST_COUNTS'];
      if (!counts) return;
      const told = this.failures.map((test) => ({
        title: test.fullTitle(),
        suite: topSuite(test),
        text: briefly(test.err),
      }));
      writeFileSync(counts, JSON.stringify({ passed: passes, failed: failures, skipped: pending, failures: told }));
      setTimeout(() => {
        console.error(
          `All tests have ended, and something still waits: ${process.getActiveResourcesInfo().join(', ')}`,
        );
        process.exit(1);
      }, longestEndMs).unref();
    });
  }
}

/**
 * The title of the outermost `describe`: what of a file can be run again by itself.
 * @param {import('mocha').Runnable} test
 */
function topSuite(test) {
  let suite = test.parent;
  while (suite?.parent && !suite.parent.root) suite = suite.parent;
  return suite?.title ?? '';
}

/**
 * The message, and where in the tests it was raised: enough to begin with where only a report's end was kept.
 * @param {Error | undefined} error
 */
function briefly(error) {
  const stack = String(error?.stack ?? '');
  const where = stack.split('\n').filter((line) => /^\s+at .*\/test\//.test(line));
  const lines = String(error?.message ?? error)
    .split('\n')
    .filter((line) => line.trim() !== '');
  return [...lines.slice(0, messageLines), ...where.slice(0, 2)].join('\n');
}

module.exports = CountingReporter;
