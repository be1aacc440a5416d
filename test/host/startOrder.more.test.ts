// When the VMs of a system start, set in the editor: by arguments, and by a person at lists and boxes. What cannot be
// is refused, and who leaves changes nothing.
import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import type { StartWait } from '../../src/domain/system.js';
import { SystemStore } from '../../src/journal/systemStore.js';
import type { Node, SystemNode } from '../../src/ui/tree/nodes.js';
import { silentLog } from '../silentLog.js';
import { call, CommandRig, fromMenu, rejects } from './commandRig.js';
import { type Answer, type Asked, Person } from './person.js';

const [db, api, web] = ['order-db', 'order-api', 'order-web'] as const;
const names = [db, api, web];
const system = 'line';
const id = 'virtRewind.setStartOrder';

interface Starts {
  readonly vm: string;
  readonly after: readonly string[];
  readonly wait?: StartWait;
}

describe('the start order of a system in the editor', () => {
  let rig: CommandRig;
  let row: SystemNode;

  /** As it is written down. */
  const order = async (): Promise<readonly Starts[]> => {
    const { systems } = await new SystemStore((await rig.api()).journal, silentLog).list();
    const { members } = systems.find((one) => one.system.name === system)!.system;
    return members.map(({ name, after = [], wait }) => ({
      vm: name,
      after: after.map((uuid) => members.find((one) => one.uuid === uuid)?.name ?? uuid),
      ...(wait !== undefined && { wait }),
    }));
  };
  /** The command would take a wrong question for a failure of its own, and say it to nobody here. */
  const answeringOn = async (on: Node, ...answers: readonly (Answer | string | undefined)[]): Promise<Person> => {
    const person = new Person();
    const wrong: unknown[] = [];
    const looking = async (answer: Answer, asked: Asked): Promise<string | undefined> => {
      try {
        return await answer(asked);
      } catch (error) {
        wrong.push(error);
        return undefined;
      }
    };
    try {
      person.will(...answers.map((one) => (typeof one === 'function' ? (asked: Asked) => looking(one, asked) : one)));
      assert.equal(await fromMenu(id, on), undefined);
    } finally {
      person.leave();
    }
    assert.deepEqual(wrong, []);
    assert.equal(person.asked.length, answers.length);
    return person;
  };
  const answering = (...answers: readonly (Answer | string | undefined)[]): Promise<Person> =>
    answeringOn(row, ...answers);

  before(async () => {
    rig = new CommandRig();
    await call('virtRewind.connect', { connection: rig.uri });
    for (const name of names) {
      await rig.guest({ name });
    }
    await call('virtRewind.refresh');
    await call('virtRewind.createSystem', { vms: names, title: system });
    const [top] = await (await rig.api()).tree.getChildren();
    assert.ok(top?.kind === 'system');
    row = top;
  });
  after(async () => {
    await call('virtRewind.dissolveSystem', { system, confirm: false });
    await rig.stop();
  });

  it('is set by arguments: each VM by itself, and another order in place of the old one', async () => {
    await call(id, { system, vm: db, startsAfter: [], port: 5432, seconds: 60 });
    await call(id, { system, vm: api, startsAfter: [db], upWhen: 'agent' });
    await call(id, { system, vm: web, startsAfter: [db, api], program: ['systemctl', 'is-active', 'nginx'] });
    const kept = [
      { vm: db, after: [], wait: { kind: 'port', port: 5432, seconds: 60 } },
      { vm: api, after: [db], wait: { kind: 'agent', seconds: 120 } },
    ];
    const program = { kind: 'command', program: 'systemctl', args: ['is-active', 'nginx'], seconds: 120 };
    assert.deepEqual(await order(), [...kept, { vm: web, after: [db, api], wait: program }]);
    await call(id, { system, vm: web, startsAfter: [], upWhen: 'nothing' });
    assert.deepEqual(await order(), [...kept, { vm: web, after: [] }]);
  });

  it('is refused where it would be a circle, which is named, and where it names what is not there', async () => {
    const before = await order();
    const plain = { system, vm: db, startsAfter: [], upWhen: 'nothing' };
    const { message } = await rejects(call(id, { ...plain, startsAfter: [api] }), 'invalid');
    assert.ok([db, api].every((name) => message.includes(name)) && !message.includes(web), message);
    await rejects(call(id, { ...plain, startsAfter: [db] }), 'invalid');
    await rejects(call(id, { ...plain, vm: 'nobody' }), 'notFound');
    await rejects(call(id, { ...plain, startsAfter: ['nobody'] }), 'notFound');
    await rejects(call(id, { ...plain, system: 'nothing' }), 'notFound');
    for (const wrong of [{ port: 70_000 }, { port: 0 }, { seconds: -1 }, { upWhen: 'soon' }, { host: 'elsewhere' }]) {
      await rejects(call(id, { ...plain, ...wrong }), 'invalid');
    }
    assert.deepEqual(await order(), before);
  });

  it('is asked for: each row says what holds now, each box what is wrong, and the status bar what holds then', async () => {
    const notes: string[] = [];
    const { setStatusBarMessage } = vscode.window;
    const noted = (text: string): vscode.Disposable => {
      notes.push(text);
      return new vscode.Disposable(() => undefined);
    };
    Reflect.set(vscode.window, 'setStatusBarMessage', noted);
    try {
      await answering(
        ({ choices, text }) => {
          assert.deepEqual(choices, names);
          assert.match(text, /^order-api \| starts after order-db · .*agent.* · .*120 s/mu);
          assert.match(text, /^order-web \| starts immediately \|/mu);
          return web;
        },
        ({ choices }) => {
          assert.deepEqual(choices, [db, api]);
          return `${db}\n${api}`;
        },
        'A TCP Port',
        async ({ value, problem }) => {
          assert.equal(value, '');
          for (const bad of ['', '0', '70000', 'port', 'a b:22']) {
            assert.ok(await problem(bad), bad);
          }
          assert.equal(await problem(' web:8080 '), undefined);
          return '[::1]:8080';
        },
        async ({ value, problem }) => {
          assert.equal(value, '120');
          for (const bad of ['', '-1', 'soon', '86401']) {
            assert.ok(await problem(bad), bad);
          }
          return '30';
        },
      );
    } finally {
      Reflect.set(vscode.window, 'setStatusBarMessage', setStatusBarMessage);
    }
    const wait = { kind: 'port', port: 8080, host: '::1', seconds: 30 };
    assert.deepEqual((await order())[2], { vm: web, after: [db, api], wait });
    assert.equal(notes.length, 1);
    assert.match(notes[0] ?? '', /order-web: .*order-db, order-api · .*8080.* · .*30 s/u);
  });

  it('offers what it is now first, and takes a program, seconds or nothing in its place', async () => {
    const now: Answer = ({ choices }) => choices[0];
    const valued =
      (was: string, text: string): Answer =>
      ({ value }) => {
        assert.equal(value, was);
        return text;
      };
    await answering(web, '', now, valued('[::1]:8080', '80'), valued('30', '30'));
    assert.deepEqual((await order())[2], { vm: web, after: [], wait: { kind: 'port', port: 80, seconds: 30 } });
    await answering(web, '', 'A Program in the Guest', valued('', ' test  -e /ready '), '5');
    const wait = { kind: 'command', program: 'test', args: ['-e', '/ready'], seconds: 5 };
    assert.deepEqual((await order())[2], { vm: web, after: [], wait });
    await answering(web, '', now, valued('test -e /ready', 'true'), '5');
    await answering(web, '', 'A Delay', valued('5', '0.5'));
    assert.deepEqual((await order())[2], { vm: web, after: [], wait: { kind: 'time', seconds: 0.5 } });
    await answering(web, db, 'Nothing');
    assert.deepEqual((await order())[2], { vm: web, after: [db] });
  });

  it('says of those that would wait for it that they cannot be, and refuses who takes one', async () => {
    const before = await order();
    const { said } = await answering(db, ({ choices, text }) => {
      assert.ok(choices.every((label) => label.startsWith('$(circle-slash) ')));
      assert.match(text, /order-api \| .* \| .*order-db, order-api/u);
      return choices.find((label) => label.includes(api));
    });
    assert.equal(said.length, 1);
    assert.ok(
      [db, api].every((name) => said[0]?.message.includes(name)),
      said[0]?.message,
    );
    assert.deepEqual(await order(), before);
  });

  it('stays when any question is left', async () => {
    const before = await order();
    const answers = [web, db, 'A TCP Port', '22', undefined];
    for (const [count] of answers.entries()) {
      const { said } = await answering(...answers.slice(0, count), undefined);
      assert.deepEqual(said, []);
    }
    assert.deepEqual(await order(), before);
  });

  it('is that of the VM whose row it is called on', async () => {
    const { tree } = await rig.api();
    const member = (await tree.getChildren(row))[1];
    assert.equal(member?.kind, 'vm');
    await answeringOn(member, ({ question, choices }) => {
      assert.ok(question.includes(api), question);
      assert.deepEqual(choices, [db, web]);
      return undefined;
    });
  });
});
