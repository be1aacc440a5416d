// shellcheck over the programs for shells in src/, as those of POSIX that they are; installs it where it can be.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { meetNeeds } from './rig/prerequisites.mjs';
import { root } from './rig/root.mjs';
import { run } from './rig/run.mjs';

const unmet = await meetNeeds(['shellcheck'], console.log);
const programs = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.sh'))
  .map((file) => join('src', file));
const reason = unmet.get('shellcheck');
const { code, stdout } =
  reason === undefined
    ? await run('shellcheck', ['--shell=sh', ...programs], { cwd: root })
    : { code: 1, stdout: `${reason}\n` };
process.stdout.write(stdout);
process.exitCode = code;
