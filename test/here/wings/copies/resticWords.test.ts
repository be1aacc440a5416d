// How restic's words come to us: whole letters, whatever parts they are read in.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { Duplex } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import type { HostLogin } from '../../../../src/hosts/hostLogin.js';
import { StartedRestics } from '../../../../src/wings/copies/repository/deadLocks.js';
import { Restic } from '../../../../src/wings/copies/repository/restic.js';
import { resticHere, resticThere } from '../../../../src/wings/copies/repository/resticProgram.js';

describe('the words of restic', () => {
  let dir: string;
  let environment: NodeJS.ProcessEnv;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'virt-rewind-test-'));
    environment = { PATH: `${dir}:/usr/bin:/bin`, VIRT_REWIND_STATE: dir, RESTIC_PASSWORD: 'key' };
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  function makeRestic(script: string): void {
    writeFileSync(join(dir, 'restic'), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  }

  /** As to another host. */
  function loginHere(): HostLogin {
    const shell = spawn('sh', { env: environment, stdio: ['pipe', 'pipe', 'pipe'] });
    const stream = Object.assign(Duplex.from({ readable: shell.stdout, writable: shell.stdin }), {
      errors: shell.stderr,
      input: shell.stdin,
    });
    // It is ended where nobody reads on.
    stream.on('error', () => undefined);
    return { hostname: hostname(), openShell: () => Promise.resolve(stream) };
  }

  const { signal } = new AbortController();

  it('have whole letters where one is cut between two reads', async () => {
    const go = join(dir, 'go');
    assert.equal(spawnSync('mkfifo', [go]).status, 0);
    makeRestic(`printf 'first\\n{"path":"/K\\303'; read -r _ <'${go}'; printf '\\274che"}\\n'`);
    const restic = await Restic.open(dir, { environment, signal });
    const lines: string[] = [];
    const told: Promise<void>[] = [];
    await restic.run(['ls'], {
      onLine: (line) => {
        if (lines.push(line) === 1) {
          told.push(writeFile(go, 'go\n'));
        }
      },
    });
    await Promise.all(told);
    assert.deepEqual(lines, ['first', '{"path":"/Küche"}']);
  });

  it('are asked without the password of a repository, which a scheduled run has apart', async () => {
    makeRestic('printf "%s" "$*|$RESTIC_REPOSITORY|$VIRT_REWIND_REPOSITORY"');
    const whole = 'rest:http://user:secret@host:8000/';
    const own = { ...environment, VIRT_REWIND_REPOSITORY: whole };
    const there = await Restic.open('rest:http://user:***@host:8000/', { environment: own, signal });
    assert.equal(await there.run(['version']), `version|${whole}|`);
    const other = await Restic.open('rest:http://other:***@host:8000/', { environment: own, signal });
    assert.match(await other.run(['version']), /other/u);
  });

  it('may come from one that left its lock: the number of an interrupted one stays known', async () => {
    makeRestic('echo $$ >"$0.pid"; exit "$1"');
    const started = new StartedRestics(environment);
    for (const [code, isKnown] of [
      ['1', false],
      ['130', true],
    ] as const) {
      const restic = await Restic.open(dir, { environment, signal });
      await assert.rejects(restic.run([code]));
      const pid = Number(readFileSync(join(dir, 'restic.pid'), 'utf8'));
      while ((await started.has(pid)) !== isKnown) {
        await setImmediate();
      }
    }
  });

  for (const where of ['here', 'on another host']) {
    it(`come ${where} after a pause, which ends by itself`, async () => {
      const wentOn = join(dir, 'went-on');
      makeRestic(`trap ": >'${wentOn}'" CONT; echo begun; while [ ! -e '${wentOn}' ]; do sleep 0.01; done; echo whole`);
      const program =
        where === 'here' ? resticHere(join(dir, 'restic'), environment) : resticThere(loginHere(), {}, signal);
      let out = '';
      const running = program.start({
        ...{ words: ['backup'], input: '', givesWay: true, counts: false },
        onOut: (part) => {
          if (out === '') {
            running.pause(10);
          }
          out += part.toString();
        },
        onBytes: () => undefined,
        onErrors: () => undefined,
      });
      assert.equal(await running.ended, 0);
      assert.equal(out.trim(), 'begun\nwhole');
    });
  }

  for (const where of ['here', 'on another host']) {
    it(`come ${where} of a file that it is given, which is closed, and of one that is not there`, async () => {
      makeRestic('cat');
      const file = join(dir, 'a file');
      await writeFile(file, 'what is in it\0\n');
      const program =
        where === 'here' ? resticHere(join(dir, 'restic'), environment) : resticThere(loginHere(), {}, signal);
      const read = async (inputFrom: string): Promise<string> => {
        let out = '';
        const { ended } = program.start({
          ...{ words: ['backup'], input: '', inputFrom, givesWay: true, counts: false },
          onOut: (part) => (out += part.toString()),
          onBytes: () => undefined,
          onErrors: () => undefined,
        });
        return ended.then(
          () => out,
          () => '',
        );
      };
      assert.match(await read(file), /^what is in it\0\n/u);
      assert.equal((await read(join(dir, 'none'))).trim(), '');
    });
  }

  it('have whole letters of errors on another host', async () => {
    const words = `${'ü'.repeat(1_000)}!`;
    makeRestic(`cat >/dev/null; printf '%s' '${words}' >&2; exit 1`);
    let said = '';
    const { ended } = resticThere(loginHere(), {}, signal).start({
      ...{ words: ['ls'], input: '', givesWay: false, counts: false },
      onOut: () => undefined,
      onBytes: () => undefined,
      onErrors: (text) => (said += text),
    });
    assert.equal(await ended, 1);
    assert.equal(said.trim(), words);
  });
});
