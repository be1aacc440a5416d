import assert from 'node:assert/strict';
import { clientConfPath, ConfError, parseClientConf } from '../../../src/libvirt/clientConf.js';

describe('the configuration of libvirt’s clients', () => {
  it('names URIs, and the one that is meant without one', () => {
    const { uriDefault, aliases } = parseClientConf(
      [
        '# This can be used to set up URI aliases',
        'uri_aliases = [',
        '  "hail=qemu+ssh://root@hail.example.com/system?keyfile=/a=b", # a comment, with "quotes"',
        "  'sleet=qemu+ssh://root@sleet.example.com/system',",
        '  "hail=qemu:///never",',
        ']',
        '',
        'max_threads = 5',
        'other = """goes',
        'over lines"""',
        'uri_default = "hail"',
      ].join('\n'),
    );
    assert.equal(uriDefault, 'hail');
    assert.deepEqual(Object.fromEntries(aliases), {
      hail: 'qemu+ssh://root@hail.example.com/system?keyfile=/a=b',
      sleet: 'qemu+ssh://root@sleet.example.com/system',
    });
  });

  it('may be empty', () => {
    for (const text of ['', '\n# nothing\n\n', 'uri_aliases = []']) {
      assert.deepEqual(parseClientConf(text), { aliases: new Map() });
    }
  });

  for (const [what, text, line] of [
    ['a text without an end', 'uri_default = "qemu:///system\n', 1],
    ['a name without a value', '\nuri_default\n', 2],
    ['two values', 'a = 1 2', 1],
    ['a list without an end', 'uri_aliases = [\n "a=b",\n', 3],
    ['a list without commas', 'uri_aliases = [\n "a=b"\n "c=d"\n]', 3],
    ['an alias without a URI', 'uri_aliases = [\n "a=b",\n "hail"\n]', 3],
    ['an alias of other letters', 'uri_aliases = [ "ha il=qemu:///system" ]', 1],
  ] as const) {
    it(`cannot be understood with ${what}, and names the line`, () => {
      assert.throws(
        () => parseClientConf(text),
        (error: unknown) => error instanceof ConfError && error.line === line,
      );
    });
  }

  it('is root’s own in /etc, and else in the home', () => {
    assert.equal(clientConfPath({}, 0, '/root'), '/etc/libvirt/libvirt.conf');
    assert.equal(clientConfPath({}, 1000, '/home/me'), '/home/me/.config/libvirt/libvirt.conf');
    assert.equal(clientConfPath({ XDG_CONFIG_HOME: '/x' }, 1000, '/home/me'), '/x/libvirt/libvirt.conf');
    assert.equal(clientConfPath({ XDG_CONFIG_HOME: 'x' }, 1000, '/home/me'), '/home/me/.config/libvirt/libvirt.conf');
    assert.equal(clientConfPath({}, undefined, 'C:\\me'), undefined);
  });
});
