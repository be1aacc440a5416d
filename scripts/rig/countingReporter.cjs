// mocha's usual report, and at its end the counts as JSON in $TEST_COUNTS, so that nobody has to read them out of text.
const { appendFileSync, writeFileSync } = require('node:fs');
const { format } = require('node:util');
const Mocha = require('mocha');

const { Base, Spec } = Mocha.reporters;

class CountingReporter extends Spec {
  constructor(runner, options) {
    const report = process.env.TEST_REPORT;
    // An extension host's standard output reaches nobody; whoever started it reads this file.
    if (report) Base.consoleLog = (...args) => appendFileSync(report, `${format(...args)}\n`);
    super(runner, options);
    runner.once('end', () => {
      const { passes, failures, pending } = this.stats;
      const counts = process.env.TEST_COUNTS;
      if (counts) writeFileSync(counts, JSON.stringify({ passed: passes, failed: failures, skipped: pending }));
    });
  }
}

module.exports = CountingReporter;
