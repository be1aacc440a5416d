// Brings node_modules up to what package-lock.json asks for. Needs nothing but Node itself.
import { areModulesUpToDate } from '../rig/npmState.mjs';
import { root } from '../rig/root.mjs';
import { run } from '../rig/run.mjs';
import { say, StartStopped } from './say.mjs';

export async function ensureNpmModules() {
  if (await areModulesUpToDate()) return;
  say('installing the npm packages of package-lock.json (npm ci)');
  // Without its own words, for apt-get may run beside it.
  const args = ['ci', '--no-audit', '--no-fund', '--no-progress', '--loglevel=error'];
  const { code, stdout, stderr } = await run('npm', args, { cwd: root });
  if (code !== 0) {
    const said = `${stdout}\n${stderr}`.trim().split('\n').slice(-20).join('\n');
    throw new StartStopped(`"npm ci" ended with ${code}:\n${said}\nPut that right, then run npm start again.`);
  }
  say('installed the npm packages');
}
