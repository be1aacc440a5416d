// `npm run histories`: random histories of snapshots on a real daemon, against a model of what must come of them.
//   npm run histories -- --ops 2000 --seed 1 --resume artifacts/histories-1.json [--release trixie]
// `--release`: with the libvirt and QEMU of that Debian release; test/histories/main.ts tells the other arguments.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { buildProgram } from './build.mjs';
import { debianRoot } from './rig/debianRoot.mjs';
import { installModules, meetNeeds } from './rig/prerequisites.mjs';
import { root } from './rig/root.mjs';
import { startTestRun } from './rig/testRun.mjs';

const { tokens } = parseArgs({ options: { release: { type: 'string' } }, strict: false, tokens: true });
const release = tokens.find((token) => token.kind === 'option' && token.name === 'release');
const suite = release?.kind === 'option' ? release.value : undefined;
const say = (/** @type {string} */ line) => console.log(line);

await installModules(say);
const unmet = await meetNeeds(['libvirt', ...(suite === undefined ? [] : [/** @type {const} */ ('releases')])], say);
for (const reason of unmet.values()) throw new Error(reason);
/** @type {NodeJS.ProcessEnv} */
const env = { VIRT_REWIND_ROOT: root };
if (suite !== undefined) {
  // Debian's unstable has the only name behind which the versions change.
  env['VIRT_REWIND_TEST_RELEASE'] = await debianRoot({ suite, moves: suite === 'sid' }, say);
}
const run = startTestRun();
const program = await buildProgram('test/histories/main.ts', join(run.dir, 'histories'));
const args = process.argv.slice(2).filter((arg, index, all) => {
  return arg !== '--release' && all[index - 1] !== '--release' && !arg.startsWith('--release=');
});
const child = spawn(process.execPath, ['--enable-source-maps', program, ...args], {
  cwd: root,
  env: { ...process.env, ...env },
  stdio: 'inherit',
});
for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
  process.on(signal, () => child.kill(signal));
}
const status = await new Promise((end) => child.on('exit', (code) => end(code ?? 2)));
for (const left of await run.end()) say(`! left running: ${left}`);
process.exit(status);
