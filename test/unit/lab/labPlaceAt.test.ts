// Where somebody is in a lab file that is being written: `▮` is the cursor.
import assert from 'node:assert/strict';
import { labKeyUnder, labOffers, type LabPlace, labPlaceAt } from '../../../src/lab/labPlaceAt.js';

function placeOf(marked: string): LabPlace {
  const before = marked.slice(0, marked.indexOf('▮')).split('\n');
  return labPlaceAt(marked.replace('▮', ''), before.length - 1, before.at(-1)?.length ?? 0);
}

const head = 'version: 1\nname: shop\nvms:\n';

describe('the place in a lab file', () => {
  for (const [what, text, path, key] of [
    ['an empty file', '▮', []],
    ['a key half written', 'version: 1\nna▮', []],
    ['a value', 'version: 1\nname: ▮', [], 'name'],
    ['the name of a VM', `${head}  ▮`, ['vms']],
    ['an empty line in a VM', `${head}  db:\n    image: x\n    ▮`, ['vms', 'db']],
    ['below another VM', `${head}  db:\n    wait:\n      agent: true\n  web:\n    ▮`, ['vms', 'web']],
    ['a line further left', `${head}  db:\n    image: x\n▮`, []],
    ['below an anchor', `${head}  db:\n    boot: &guest\n      ▮`, ['vms', 'db', 'boot']],
    ['a value in a VM', `${head}  "db":\n    # one\n    network: ▮`, ['vms', 'db'], 'network'],
    ['brackets', `${head}  db:\n    wait: { agent: true, ▮`, ['vms', 'db', 'wait']],
    ['a value in brackets', `${head}  db:\n    wait: { port: 1, agent: ▮`, ['vms', 'db', 'wait'], 'agent'],
    ['a list in brackets', `${head}  web:\n    after: [db, ▮`, ['vms', 'web', 'after', 0]],
    ['a map that is closed again', `${head}  db: { wait: { agent: true }, ▮`, ['vms', 'db']],
    ['a point', 'points:\n  - ▮', ['points', 0]],
    ['a point without indentation', 'points:\n- ▮', ['points', 0]],
    ['another key of a point', 'points:\n  - title: a\n    ▮', ['points', 0]],
    ['a program of a point', 'points:\n  - title: a\n    run:\n      - { vm: ▮', ['points', 0, 'run', 0], 'vm'],
    ['a program over lines', 'points:\n  - title: a\n    run:\n      - vm: a\n        ▮', ['points', 0, 'run', 0]],
    ['another point', 'points:\n  - title: a\n    run:\n      - vm: a\n  - ▮', ['points', 0]],
  ] as const) {
    it(`is found: ${what}`, () => {
      assert.deepEqual(placeOf(text), { path, ...(key !== undefined && { key }) });
    });
  }

  function offered(marked: string): readonly string[] {
    const before = marked.slice(0, marked.indexOf('▮')).split('\n');
    const [line, column] = [before.length - 1, before.at(-1)?.length ?? 0];
    return labOffers(marked.replace('▮', ''), line, column).map(({ inserted }) => inserted);
  }

  it('tells what can be written there', () => {
    assert.deepEqual(offered(`${head}  db:\n    wait: { agent: ▮`), ['true']);
    assert.deepEqual(offered('points:\n  - ▮'), ['title: ', 'run:']);
    assert.ok(offered(`${head}  db:\n    ▮`).includes('boot:'));
    assert.ok(offered(`${head}  db:\n    boot: { ▮`).includes('kernel: '));
    assert.ok(offered('points:\n  - title: a\n    run:\n      - { vm: a, ▮').includes('ssh: '));
    assert.deepEqual(offered('version: 1\nname: ▮'), []);
  });

  it('tells the VMs that there are', () => {
    const both = `${head}  db:\n    image: x\n  web:\n    image: x\n`;
    assert.deepEqual(offered(`${both}points:\n  - title: a\n    run:\n      - { vm: ▮`), ['db', 'web']);
    assert.deepEqual(offered(`${both}    after: [▮`), ['db']);
  });

  it('tells the key under the cursor, and nothing of what is no key', () => {
    const text = `${head}  db:\n    memory: 1 GiB\n    wait: { agent: true }\n`;
    assert.match(labKeyUnder(text, 4, 6)?.description ?? '', /RAM/u);
    assert.equal(labKeyUnder(text, 5, 13)?.name, 'agent');
    assert.match(labKeyUnder('points:\n  - run:\n      - { vm: a, ssh: root }', 2, 18)?.description ?? '', /user/u);
    assert.equal(labKeyUnder(text, 4, 13), undefined);
    assert.equal(labKeyUnder(text, 99, 0), undefined);
  });
});
