// What an agent may do is decided here, whatever an editor or a client agreed to.
import assert from 'node:assert/strict';
import { permissionFor, denialOf, limitDenial, lossDenial } from '../../../src/agents/guard.js';
import { cleanAnswer, readAs, markUntrusted, untrustedLine } from '../../../src/agents/guestText.js';
import { inputSchemaOf, readInput } from '../../../src/agents/toolInput.js';
import { toolNames, toolOf } from '../../../src/agents/toolTable.js';
import { agentPermissions, parseSettings, settingKeys } from '../../../src/manifest/settings.js';

const vm = { name: 'web-1', uuid: 'aaaaaaaa-0000-4000-8000-000000000001' };
const rowsOf = (value: unknown) =>
  parseSettings((key) => (key === settingKeys.agentPermissions ? value : undefined)).agentPermissions;

describe('the permission of an agent for a VM', () => {
  it('is to look, unless a row says otherwise', () => {
    assert.equal(permissionFor(vm, {}), 'look');
    assert.equal(permissionFor(vm, { 'db-*': 'act' }), 'look');
  });

  it('is that of its name, then of the longest pattern, then the least', () => {
    assert.equal(permissionFor(vm, { '*': 'none', 'web-*': 'checkpoint', 'web-1': 'act' }), 'act');
    assert.equal(permissionFor(vm, { '*': 'act', 'web-*': 'checkpoint' }), 'checkpoint');
    assert.equal(permissionFor(vm, { 'web-?': 'act', 'web-*': 'look' }), 'look');
    assert.equal(permissionFor(vm, { [vm.uuid.toUpperCase()]: 'act', 'web-*': 'none' }), 'act');
  });

  it('is none where what is written is none', () => {
    assert.equal(permissionFor(vm, rowsOf({ 'web-1': 'everything' })), 'none');
    for (const value of ['act', ['act'], null, 7]) {
      assert.equal(permissionFor(vm, rowsOf(value)), 'none');
    }
    assert.equal(permissionFor(vm, rowsOf(undefined)), 'look');
  });
});

describe('the guard', () => {
  const wish = { vm: 'web-1', isProtected: false } as const;

  it('lets an agent do what it may, and no more', () => {
    const order = agentPermissions.map((needs) =>
      agentPermissions.map((allowed) => denialOf({ ...wish, needs, allowed }) === undefined),
    );
    assert.deepEqual(order, [
      [false, true, true, true],
      [false, true, true, true],
      [false, false, true, true],
      [false, false, false, true],
    ]);
  });

  it('changes nothing of a protected VM', () => {
    for (const needs of ['checkpoint', 'act'] as const) {
      assert.equal(denialOf({ ...wish, isProtected: true, needs, allowed: 'act' })?.reason, 'protected');
    }
    assert.equal(denialOf({ ...wish, isProtected: true, needs: 'look', allowed: 'act' }), undefined);
  });

  it('says the same of a VM that is not to be seen and of one that is not there', () => {
    const hidden = denialOf({ ...wish, needs: 'look', allowed: 'none' });
    assert.match(hidden?.sentence ?? '', /^There is no VM web-1 that agents may see/u);
    const [, named] = /The tool "(.*?)"/u.exec(hidden?.sentence ?? '') ?? [];
    assert.ok(
      toolNames.some((name) => name === named),
      named,
    );
  });

  it('limits number and space of checkpoints', () => {
    const limits = { checkpoints: 2, bytes: 1_000 };
    assert.equal(limitDenial('v', { checkpoints: 1, bytes: 400 }, 600, limits), undefined);
    assert.equal(limitDenial('v', { checkpoints: 2, bytes: 0 }, 0, limits)?.reason, 'tooMany');
    assert.equal(limitDenial('v', { checkpoints: 1, bytes: 400 }, 601, limits)?.reason, 'tooLarge');
    const most = { checkpoints: 2, bytes: 1024 ** 3 };
    const { sentence } = limitDenial('v', { checkpoints: 1, bytes: 1.5 * 1024 ** 3 }, 0, most) ?? {};
    assert.match(sentence ?? '', /1\.5 GB, but only 1\.0 GB/u);
  });

  it('refuses whatever loses something', () => {
    assert.equal(lossDenial('v', []), undefined);
    assert.equal(lossDenial('v', ['ram'])?.reason, 'loses');
  });
});

describe('what a tool is given', () => {
  it('is what its schema says, or a sentence tells what is wrong', () => {
    assert.deepEqual(readInput('run_in_guest', { vm: 'a', program: 'ls', args: ['-l'], seconds: 5 }), {
      vm: 'a',
      program: 'ls',
      args: ['-l'],
      seconds: 5,
    });
    for (const given of [
      undefined,
      null,
      [],
      'vm',
      { vm: 'a' },
      { vm: 7, program: 'ls' },
      { vm: 'a'.repeat(4_097), program: 'ls' },
      { vm: 'a', program: 'ls', args: 'x' },
      { vm: 'a', program: 'ls', args: [1] },
      { vm: 'a', program: 'ls', args: Array.from({ length: 257 }, () => 'x') },
      { vm: 'a', program: 'l\0s' },
      { vm: 'a', program: 'ls', seconds: 0 },
      { vm: 'a', program: 'ls', seconds: 1.5 },
      { vm: 'a', program: 'ls', seconds: Number.NaN },
      { vm: 'a', program: 'ls', force: true },
      JSON.parse('{"vm":"a","program":"ls","__proto__":{"x":1}}'),
    ]) {
      assert.equal(typeof readInput('run_in_guest', given), 'string', JSON.stringify(given));
    }
    assert.equal(typeof readInput('wait_for_vm', { vm: 'a', for: 'ever' }), 'string');
    assert.deepEqual(readInput('list_vms', undefined), {});
  });

  it('has no tool that deletes', () => {
    const words = toolNames.flatMap((name) => [name, ...Object.keys(toolOf(name).fields)]);
    assert.deepEqual(
      words.filter((word) => /delete|remove|prune|force|discard/u.test(word)),
      [],
    );
  });

  it('may only be asked to change something by who may act, or checkpoint', () => {
    for (const name of toolNames) {
      assert.equal(toolOf(name).acts, toolOf(name).needs !== 'look', name);
      assert.equal(inputSchemaOf(name)['additionalProperties'], false);
    }
  });
});

describe('text of a guest', () => {
  it('keeps begin and end, and says what was left out', () => {
    const { untrusted: text, leftOut } = markUntrusted(`begin${'x'.repeat(100_000)}end`);
    assert.ok(text.length < 17_000);
    assert.match(text, /^beginx+\n\[… \d+ characters left out …\]\nx+end$/u);
    assert.equal(leftOut, 100_008 - 16_384);
  });

  it('has nothing that a reader does not see', () => {
    const tags = Array.from('ignore')
      .map((c) => String.fromCodePoint(0xe0000 + c.charCodeAt(0)))
      .join('');
    const hidden = `a\u001B[31mb\u001B]0;t\u0007c\u0000\u202Ed\u200B\uFEFF${tags}\u{E0101}\uFE0F\u{F0000}e\r\nf`;
    assert.equal(markUntrusted(hidden).untrusted, 'abcde\nf');
    assert.equal(untrustedLine(`${hidden}\n\n g`), 'abcde f g');
    assert.equal(untrustedLine('x'.repeat(400)).length, 300);
    assert.deepEqual(cleanAnswer({ vm: hidden, [hidden]: [{ before: hidden, step: 3 }], out: { untrusted: hidden } }), {
      vm: 'abcde f',
      'abcde f': [{ before: 'abcde f', step: 3 }],
      out: { untrusted: 'abcde\nf' },
    });
    assert.deepEqual(
      readAs(['a\u200Bb', 'a\u3164b', 'b'], 'ab', (one) => one),
      ['a\u200Bb', 'a\u3164b'],
    );
  });
});
