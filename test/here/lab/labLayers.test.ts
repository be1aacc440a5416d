// The layers of a lab: what changes a digest, what is done so that all of them are there, and what a step is as a
// program.
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { runOk } from '../../../scripts/rig/run.mjs';
import { actsAnew, digestsOf, layerActs, readChain } from '../../../src/lab/labLayers.js';
import { commandOf } from '../../../src/lab/labPrograms.js';
import { readLab } from '../../../src/lab/readLab.js';
import type { Lab } from '../../../src/lab/labFile.js';

const vms = [{ key: 'a', name: 'lab-a', parts: 'x' }];

function labOf(...points: readonly string[]): Lab {
  const { lab, problems } = readLab(
    `version: 1\nname: lab\nvms: { a: { existing: a } }\npoints:\n${points.map((one) => `  - ${one}\n`).join('')}`,
  );
  assert.ok(lab !== undefined, JSON.stringify(problems));
  return lab;
}

const five = ['1', '2', '3', '4', '5'].map((one) => `{ title: p${one}, run: [{ vm: a, script: "echo ${one}" }] }`);
const digests = (lab: Lab, of = vms, copied = 'c'): readonly string[] => digestsOf(lab.points, of, () => copied);

describe('the layers of a lab', () => {
  it('are other ones from the first step on that changed', () => {
    const before = digests(labOf(...five));
    const after = digests(labOf(...five.map((one) => one.replace('echo 3', 'echo three'))));
    assert.deepEqual(
      before.map((one, at) => one === after[at]),
      [true, true, true, false, false, false],
    );
    assert.equal(new Set(before).size, 6);
  });

  for (const [what, from, to, isSame] of [
    ['a title', 'title: a', 'title: b', true],
    ['a time limit', 'seconds: 5', 'seconds: 6', true],
    ['a user', 'ssh: root', 'ssh: deploy', false],
    ['a place in the guest', 'to: /x', 'to: /y', false],
    ['a path here', 'copy: x', 'copy: y', false],
    [
      'the order',
      '[{ vm: a, command: [id] }, { vm: a, command: [ls] }]',
      '[{ vm: a, command: [ls] }, { vm: a, command: [id] }]',
      false,
    ],
  ] as const) {
    it(`are the same after a change of ${what}: ${isSame ? 'yes' : 'no'}`, () => {
      const text = `{ title: a, run: ${
        what === 'the order' ? from : '[{ vm: a, copy: x, to: /x, ssh: root, seconds: 5 }]'
      } }`;
      assert.ok(text.includes(from));
      assert.equal(digests(labOf(text))[1] === digests(labOf(text.replace(from, to)))[1], isSame);
    });
  }

  it('are others on other VMs, and with another content of a copied file', () => {
    const lab = labOf('{ title: a, run: [{ vm: a, copy: x, to: /x }] }');
    assert.notEqual(digests(lab)[0], digests(lab, [{ key: 'a', name: 'lab-a', parts: 'y' }])[0]);
    assert.notEqual(digests(lab)[1], digests(lab, vms, 'd')[1]);
    assert.equal(digests(lab)[0], digests(lab, vms, 'd')[0]);
  });

  it('know a copied file by its content, and take none from outside', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'layers-'));
    try {
      const file = join(folder, 'virt-rewind.yaml');
      const lab = labOf('{ title: a, run: [{ vm: a, copy: x, to: /x }] }');
      await writeFile(join(folder, 'x'), 'one');
      const first = await readChain(lab, vms, file, {});
      await writeFile(join(folder, 'x'), 'two');
      const second = await readChain(lab, vms, file, {});
      assert.notEqual(first.digests[1], second.digests[1]);
      const outside = labOf('{ title: a, run: [{ vm: a, copy: /etc/passwd, to: /x }] }');
      await assert.rejects(readChain(outside, vms, file, {}), { name: 'Failure', kind: 'refused' });
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  /** `+` there, `-` not; where the VMs are; `<2`: reverts to 2, `3`: makes 3. */
  for (const [have, at, expected] of [
    ['+-----', 0, '1 2 3 4 5'],
    ['++++++', undefined, '<5'],
    ['++++++', 5, ''],
    ['+++---', undefined, '<2 3 4 5'],
    ['++++--', 3, '4 5'],
    ['+++-++', undefined, '<2 3 <5'],
    ['-++---', undefined, '<2 3 4 5'],
    ['+-----', undefined, '<0 1 2 3 4 5'],
    ['-----+', undefined, 'none'],
    ['------', undefined, 'none'],
    ['-', undefined, ''],
  ] as const) {
    it(`${have} from ${String(at)}: ${expected}`, () => {
      const acts = layerActs(
        Array.from(have, (one) => one === '+'),
        at,
      );
      const text = acts?.map(({ kind, layer }) => `${kind === 'revert' ? '<' : ''}${String(layer)}`).join(' ');
      assert.equal(text ?? 'none', expected);
    });
  }

  it('begin with what was before the first step, if there is one', () => {
    const acts = (lab: Lab): string =>
      actsAnew(lab, { digests: digestsOf(lab.points, vms, () => ''), files: new Map() })
        .map(({ kind, layer }) => `${kind} ${String(layer)}`)
        .join(', ');
    assert.equal(acts(labOf(...five.slice(0, 2))), 'make 0, make 1, make 2');
    assert.equal(acts(labOf('{ title: a }', five[1]!)), 'make 1, make 2');
  });
});

describe('a step of a lab as a program', () => {
  for (const [what, script, code] of [
    ['ends with the first command that fails', 'false; exit 0', 1],
    ['ends well', 'true', 0],
  ] as const) {
    it(`that is a script ${what}`, async () => {
      const { program, args } = commandOf({ kind: 'script', text: script });
      const ended = await runOk(program, [...args]).then(
        () => 0,
        () => 1,
      );
      assert.equal(ended, code);
    });
  }

  for (const manager of ['apt-get', 'dnf', 'apk']) {
    it(`that installs packages, with ${manager}`, async () => {
      const folder = await mkdtemp(join(tmpdir(), 'packages-'));
      try {
        await writeFile(join(folder, manager), `#!/bin/sh\necho "$@" >>${join(folder, 'said')}\n`, { mode: 0o755 });
        const { program, args } = commandOf({ kind: 'packages', names: ['git', 'nginx=1.2'] });
        await runOk(program, [...args], { env: { PATH: [folder].join(delimiter) } });
        const said: string = await runOk('cat', [join(folder, 'said')]);
        assert.match(said, /git nginx=1\.2\n$/u);
      } finally {
        await rm(folder, { recursive: true });
      }
    });
  }
});
