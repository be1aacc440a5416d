// The seed of a clone: what cloud-init reads in it, and a host key that OpenSSH takes.
import assert from 'node:assert/strict';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runOk } from '../../../scripts/rig/run.mjs';
import { cloneSeed, hostKeyOf } from '../../../src/qemu/cloneSeed.js';
import { newHostKey } from '../../../src/base/hostKey.js';
import { isoImage, readIsoImage } from '../../../src/qemu/isoImage.js';
import { seedTexts } from '../../../src/wings/guest/make/seedTexts.js';

const uuid = '11111111-2222-3333-4444-555555555555';
const clone = { uuid, name: 'copy' };
const [mac, own] = ['52:54:00:00:00:01', '52:54:00:aa:aa:aa'];
const cards = new Map([[mac, own]]);

function seed(texts: Readonly<Record<string, string>>): Uint8Array {
  return isoImage(
    'cidata',
    Object.entries({ 'meta-data': 'instance-id: was\nlocal-hostname: web\n', 'user-data': '', ...texts }).map(
      ([name, text]) => ({ name, bytes: Buffer.from(text) }),
    ),
  );
}

function read(bytes: Uint8Array): Readonly<Partial<Record<string, string>>> {
  const files = readIsoImage(bytes, 'cidata') ?? [];
  return Object.fromEntries(files.map(({ name, bytes: text }) => [name, Buffer.from(text).toString()]));
}

describe('a new host key', () => {
  it('is one that ssh-keygen reads, with the public half that it says', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'host-key-'));
    try {
      for (let turn = 0; turn < 8; turn++) {
        const { privateKey, publicKey } = newHostKey();
        const file = join(folder, `key${turn}`);
        await writeFile(file, privateKey);
        await chmod(file, 0o600);
        const shown = await runOk('ssh-keygen', ['-y', '-f', file]);
        assert.equal(shown.trim(), publicKey);
      }
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

describe('the seed of a clone', () => {
  const first = newHostKey();
  const wish = { user: 'ann', publicKey: 'ssh-ed25519 AAAA me', hostKey: first, packages: ['git'], mac };
  const { userData, networkConfig = '' } = seedTexts(wish);
  const ours = seed({ 'network-config': networkConfig, 'user-data': userData });

  it('is another instance with another name, address and host key, and the same users', () => {
    const made = cloneSeed(ours, { clone, cards });
    const texts = read(made);
    assert.equal(texts['meta-data'], `instance-id: ${uuid}\nlocal-hostname: copy\n`);
    assert.equal(texts['network-config'], networkConfig.replace(mac, own));
    const data = JSON.parse((texts['user-data'] ?? '').slice('#cloud-config\n'.length)) as Record<string, unknown>;
    const before = JSON.parse(userData.slice('#cloud-config\n'.length)) as Record<string, unknown>;
    assert.deepEqual({ ...data, ssh_keys: 0 }, { ...before, ssh_keys: 0 });
    assert.notDeepEqual(data['ssh_keys'], before['ssh_keys']);
    assert.match(texts['vendor-data'] ?? '', /^#cloud-boothook\n#!\/bin\/sh\n[^#]*machine-id/u);
    const key = hostKeyOf(made);
    assert.match(key ?? '', /^ssh-ed25519 \S{68}$/u);
    assert.ok((texts['user-data'] ?? '').includes(key!));
    assert.ok(first.publicKey.startsWith(hostKeyOf(ours)!));
    assert.notEqual(key, hostKeyOf(ours));
  });

  it('is made of the seed of a clone too', () => {
    const again = cloneSeed(cloneSeed(ours, { clone, cards }), {
      clone: { uuid: 'second', name: 'second' },
      cards: new Map([[own, '52:54:00:bb:bb:bb']]),
    });
    assert.match(read(again)['network-config'] ?? '', /52:54:00:bb:bb:bb/u);
    assert.equal(read(again)['meta-data'], 'instance-id: second\nlocal-hostname: second\n');
    assert.deepEqual(Object.keys(read(again)).toSorted(), ['meta-data', 'network-config', 'user-data', 'vendor-data']);
  });

  it('keeps what a person wrote, but for the addresses of its cards', () => {
    const yaml = 'version: 2\nethernets:\n  a: {match: {macaddress: "52:54:00:00:00:01"}, addresses: [10.0.0.5/24]}\n';
    const text = '#cloud-config\nruncmd: [["true"]]\n';
    const texts = read(cloneSeed(seed({ 'network-config': yaml, 'user-data': text }), { clone, cards }));
    assert.equal(texts['network-config'], yaml.replace(mac, own));
    assert.equal(texts['user-data'], text);
  });

  it('gives each of two cards the network that it had, and one that was replaced that of the one before', () => {
    const two = (a: string, b: string): string =>
      `version: 2\nethernets: {a: {match: {macaddress: "${a}"}}, b: {match: {macaddress: "${b}"}}}\n`;
    const [second, replaced] = ['52:54:00:00:00:02', '52:54:00:00:00:03'];
    const network = (on: ReadonlyMap<string, string>): string | undefined =>
      read(cloneSeed(seed({ 'network-config': two(mac.toUpperCase(), second) }), { clone, cards: on }))[
        'network-config'
      ];
    const [ownSecond, ownReplaced] = ['52:54:00:aa:aa:ab', '52:54:00:aa:aa:ac'];
    assert.equal(
      network(
        new Map([
          [second, ownSecond],
          [mac, own],
        ]),
      ),
      two(own, ownSecond),
    );
    assert.equal(
      network(
        new Map([
          [replaced, ownReplaced],
          [second, ownSecond],
        ]),
      ),
      two(ownReplaced, ownSecond),
    );
    assert.equal(network(new Map([[second, ownSecond]])), two(mac, ownSecond));
  });

  it('gets a network where the guest chose it by itself, unless it has no card', () => {
    assert.match(read(cloneSeed(seed({}), { clone, cards }))['network-config'] ?? '', new RegExp(own, 'u'));
    assert.equal(read(cloneSeed(seed({}), { clone, cards: new Map() }))['network-config'], undefined);
  });

  it('has a host name that one can have', () => {
    const name = (of: string): string | undefined =>
      read(cloneSeed(ours, { clone: { uuid, name: of }, cards }))['meta-data']?.split('\n')[1];
    assert.equal(name('web_test.'), 'local-hostname: web-test');
    assert.equal(name('x'.repeat(80)), `local-hostname: ${'x'.repeat(63)}`);
    assert.equal(name('___'), 'local-hostname: vm-11111111');
  });

  it('is left as it is where it is none of ours', () => {
    const other = Buffer.from(ours);
    other[other.length - 1] = 1;
    for (const bytes of [Buffer.alloc(0), Buffer.from('no image'), other, ours.subarray(0, -1)]) {
      assert.equal(cloneSeed(bytes, { clone, cards }), bytes);
      assert.equal(hostKeyOf(bytes), undefined);
    }
    for (const text of ['#cloud-config\n{', '#cloud-config\n{"ssh_keys":1}', '{}']) {
      assert.equal(read(cloneSeed(seed({ 'user-data': text }), { clone, cards }))['user-data'], text);
    }
  });
});
