// The fixtures that docs/library.md shows, run as they stand there by each framework, from the npm package in an empty
// folder. Fetches the frameworks from the registry of npm.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildPacked } from '../../scripts/build.mjs';
import { packNpm } from '../../scripts/npmPackage.mjs';
import { systemPython } from '../../scripts/rig/prerequisites.mjs';
import { root } from '../../scripts/rig/root.mjs';
import { run } from '../../scripts/rig/run.mjs';
import { OracleVm } from '../oracle/oracleVm.js';
import { type LiveRig, startLiveRig } from './engineRig.js';

const page = readFileSync(join(root, 'docs/library.md'), 'utf8');

/** The block of the page that holds these words. */
function shown(words: string): string {
  const blocks = [...page.matchAll(/^```\w+\n(.*?)^```$/gmsu)].map(([, block = '']) => block);
  const [block, ...others] = blocks.filter((one) => one.includes(words));
  assert.ok(block !== undefined && others.length === 0, `docs/library.md: ${words}`);
  return block.replaceAll('web-test', 'lib');
}

describe('the fixtures of the library', () => {
  let rig: LiveRig;
  let vm: OracleVm;
  let folder: string;
  let env: NodeJS.ProcessEnv;

  before(async () => {
    rig = await startLiveRig();
    vm = await OracleVm.define(rig.daemon, { name: 'lib' });
    await rig.virsh('start', 'lib');
    await vm.talk((guest) => guest.setCounter(5));
    await rig.virsh('snapshot-create-as', 'lib', 'clean');
    folder = join(rig.daemon.dir, 'empty');
    mkdirSync(folder, { recursive: true });
    const built = join(rig.daemon.dir, 'built');
    await buildPacked(built);
    const file = await packNpm(rig.daemon.dir, built);
    writeFileSync(join(folder, 'package.json'), '{"private":true,"type":"module"}');
    await ok('npm', ['install', '--no-audit', '--no-fund', file, 'vitest@3', '@playwright/test@1']);
    env = {
      ...rig.daemon.env,
      VIRT_REWIND_STATE: join(rig.daemon.dir, 'journal'),
      LIBVIRT_DEFAULT_URI: rig.uri,
      PATH: `${join(folder, 'node_modules/.bin')}:${process.env['PATH'] ?? ''}`,
    };
  });
  after(() => rig.stop());
  beforeEach(() => vm.talk((guest) => guest.setCounter(6)));

  async function ok(program: string, args: readonly string[]): Promise<void> {
    const { code, stdout, stderr } = await run(program, args, { cwd: folder, env });
    assert.equal(code, 0, `${stdout}\n${stderr}`);
  }

  const isReset = async (): Promise<void> =>
    assert.equal((await vm.talk((guest) => guest.ram())).counter, 5, 'the VM was not reset');

  const stands = `async () => {
    if (!(await vm.snapshots()).some(({ title, current }) => current && title === 'clean')) throw new Error('not reset');
  }`;

  it('reset a VM before each test of vitest', async () => {
    const imports = /`(import \{ beforeAll .*? from 'vitest')`/u.exec(page)?.[1];
    assert.ok(imports !== undefined);
    const hooks = shown('beforeEach(() => vm.revert').replace(/^import .* from 'node:test';$/mu, '');
    writeFileSync(
      join(folder, 'reset.test.mjs'),
      `${imports};\nimport { test } from 'vitest';\n${hooks}\ntest('stands on the snapshot', ${stands});\n`,
    );
    await ok('vitest', ['run']);
    await isReset();
  });

  it('reset a VM before each test of Playwright Test', async () => {
    mkdirSync(join(folder, 'tests'), { recursive: true });
    writeFileSync(
      join(folder, 'tests/reset.spec.ts'),
      `import { test as base } from '@playwright/test';\nimport { connect } from 'virt-rewind';\n${shown('base.extend')}
test('stands on the snapshot', async ({ vm }) => (${stands})());\n`,
    );
    await ok('playwright', ['test', 'tests']);
    await isReset();
  });

  it('reset a VM before a test of pytest', async () => {
    writeFileSync(
      join(folder, 'test_reset.py'),
      `import subprocess\nimport pytest\n\n${shown('@pytest.fixture')}\n\ndef test_names_it(vm):\n    assert vm == "lib"\n`,
    );
    await ok(systemPython, ['-m', 'pytest', '-q', 'test_reset.py']);
    await isReset();
  });
});
