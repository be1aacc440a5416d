// The suite that VS Code's extension host runs: mocha over the bundles beside this file.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { stopCoverage, takeCoverage } from 'node:v8';
import Mocha from 'mocha';

/** Called by VS Code; rejects when a test failed, which makes VS Code end with a status. */
export async function run(): Promise<void> {
  const { env } = process;
  const mocha = new Mocha({
    ui: 'bdd',
    // None: a test ends by silence (scripts/rig/silence.cjs).
    timeout: 0,
    color: false,
    forbidOnly: env['CI'] !== undefined,
    forbidPending: env['CI'] !== undefined,
    reporter: env['TEST_REPORTER'] ?? 'spec',
    ...(env['TEST_GREP'] !== undefined && { grep: env['TEST_GREP'] }),
  });
  for (const file of readdirSync(__dirname).sort()) {
    if (file.endsWith('.test.cjs')) mocha.addFile(join(__dirname, file));
  }
  const failures = await new Promise<number>((end) => {
    mocha.run(end);
  });
  if (env['NODE_V8_COVERAGE'] !== undefined) {
    takeCoverage();
    stopCoverage();
  }
  if (failures > 0) throw new Error(`${failures} tests failed`);
}
