// What a release is: when it is refused, its notes, and the commands that publish it.
import assert from 'node:assert/strict';
import { controlFile, debVersion } from '../../../scripts/debPackage.mjs';
import { commandsToPublish, refusals, releaseNotes, sectionOf } from '../../../scripts/release.mjs';

const changelog = `# Changelog

## Unreleased: 0.3.0

Later.

## 0.2.0 (2026-12-01)

### Fixed

- One thing.

## 0.1.0

The first.
`;

describe('the section of a version', () => {
  it('ends where the next one begins', () => {
    assert.deepEqual(sectionOf(changelog, '0.2.0'), { text: '### Fixed\n\n- One thing.', isReleased: true });
    assert.deepEqual(sectionOf(changelog, '0.1.0'), { text: 'The first.', isReleased: true });
  });

  it('may still be open', () => {
    assert.deepEqual(sectionOf(changelog, '0.3.0'), { text: 'Later.', isReleased: false });
  });

  it('is not that of another version', () => {
    assert.equal(sectionOf(changelog, '0.2'), undefined);
    assert.equal(sectionOf(changelog, '2.0'), undefined);
  });
});

describe('a release', () => {
  const right = {
    version: '0.2.0',
    changes: '',
    tags: ['v0.1.0', ''],
    section: sectionOf(changelog, '0.2.0'),
    areNoticesStale: false,
    noDeb: undefined,
  };

  it('is made where nothing is wrong', () => {
    assert.deepEqual(refusals(right), []);
  });

  for (const [what, wrong, word] of [
    ['a change that is not committed', { changes: ' M src/a.ts\n' }, /src\/a\.ts/u],
    ['its tag', { tags: ['v0.2.0'] }, /v0\.2\.0/u],
    ['no section', { section: undefined }, /"## 0\.2\.0"/u],
    ['a section that is open', { section: { text: '', isReleased: false } }, /unreleased/u],
    ['licences that are not those of what is bundled', { areNoticesStale: true }, /NOTICES/u],
    ['no Debian package', { noDeb: 'no dpkg-deb' }, /no dpkg-deb/u],
  ] as const) {
    it(`is refused with ${what}`, () => {
      const [reason, ...more] = refusals({ ...right, ...wrong });
      assert.match(reason ?? '', word);
      assert.deepEqual(more, []);
    });
  }

  it('has notes whose links lead to what its tag has', () => {
    assert.equal(
      releaseNotes('See [a](docs/a.md#b), [c](https://d.example/).', 'https://h.example/r', '1.0.0'),
      'See [a](https://h.example/r/blob/v1.0.0/docs/a.md#b), [c](https://d.example/).\n',
    );
  });

  it('is published by commands of which each names its file, and npm’s comes last', () => {
    const commands = commandsToPublish('artifacts/r', '1.0.0', ['a.vsix', 'a.tgz', 'a.deb']);
    assert.deepEqual(
      commands.map((command) => command.split(' ').slice(0, 3).join(' ')),
      [
        'git tag --annotate',
        'gh release create',
        'npx vsce publish',
        'npx ovsx publish',
        'npm publish ./artifacts/r/a.tgz',
      ],
    );
    assert.match(commands[1]!, /artifacts\/r\/a\.deb artifacts\/r\/SHA256SUMS$/u);
    assert.match(commands[2]!, /--packagePath artifacts\/r\/a\.vsix$/u);
  });
});

describe('the Debian package', () => {
  it('has a version that is before the one it leads to', () => {
    assert.equal(debVersion('1.0.0-beta.1'), '1.0.0~beta.1');
  });

  it('depends on a Node.js and brings none', () => {
    const control = controlFile({ name: 'virt-rewind', version: '1.0.0', kibibytes: 7, page: 'https://h.example' });
    assert.match(control, /^Depends: nodejs \(>= 20\.15\)$/mu);
    assert.match(control, /^Architecture: all$/mu);
    // Each line of the long description begins with a space, and an empty one with a dot.
    const [, long = ''] = /^Description: .*\n([\s\S]*)$/mu.exec(control) ?? [];
    assert.ok(
      long
        .split('\n')
        .slice(0, -1)
        .every((line) => /^ \S/u.test(line) && line.length <= 80),
    );
  });
});
