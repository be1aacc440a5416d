// What the file system and a program in qemu-img's place can do to us. With a real qemu-img: test/libvirtd/hostFiles.
import assert from 'node:assert/strict';
import {
  chmod,
  lchown,
  link,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileFailure, qemuImgFailure } from '../../../src/qemu/fileFailure.js';
import { ImageCommand } from '../../../src/qemu/imageCommands.js';
import { factsOf } from '../../../src/qemu/fileFacts.js';
import { localFiles } from '../../../src/driver/files/directFiles.js';
import { qemuImg } from '../../../src/qemu/qemuImg.js';
import { Failure } from '../../../src/domain/failure.js';
import { type ImageFacts, trashFolder } from '../../../src/domain/hostFiles.js';

const root = process.geteuid?.() === 0;
const nobody = 65_534;

describe('files on this machine', () => {
  let folder: string;
  const at = (name: string): string => join(folder, name);
  const files = localFiles(process.env);
  /** A script in the place of qemu-img. */
  const standIn = async (script: string): Promise<NodeJS.ProcessEnv> => {
    await mkdir(at('bin'), { recursive: true });
    await writeFile(at('bin/qemu-img'), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    return { ...process.env, PATH: `relative:${at('bin')}:${process.env['PATH'] ?? ''}` };
  };

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'vr-files-'));
    await chmod(folder, 0o755);
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  /** Root may look everywhere. */
  const asOrdinaryUser = async <T>(act: () => Promise<T>): Promise<T> => {
    if (!root) {
      return act();
    }
    process.seteuid!(nobody);
    try {
      return await act();
    } finally {
      process.seteuid!(0);
    }
  };

  it('what may not be looked at is unknown, and nothing is done there', async () => {
    await mkdir(at('closed'));
    await writeFile(at('closed/x'), 'x');
    await writeFile(at('unreadable'), 'x', { mode: 0o000 });
    await chmod(at('closed'), 0o000);
    await asOrdinaryUser(async () => {
      assert.equal(await files.file(at('closed/x')), 'unknown');
      assert.equal(await files.image(at('closed/x')), 'unknown');
      assert.equal(await files.image(at('unreadable')), 'unknown');
      assert.equal(((await files.file(at('unreadable'))) as { bytes: number }).bytes, 1);
      assert.equal(await files.list(at('closed')), 'unseen');
      await assert.rejects(files.remove(at('closed/x')), { kind: 'denied' });
    });
    await chmod(at('closed'), 0o700);
  });

  it('a link that leads nowhere is no file, but its name is taken', async () => {
    await symlink('nowhere', at('link'));
    assert.equal(await files.file(at('link')), 'unknown');
    assert.equal(await files.image(at('link')), 'missing');
    await writeFile(at('from'), 'x');
    await assert.rejects(files.copy(at('from'), at('link'), 'keep'), { kind: 'exists' });
  });

  it('what is in a folder that is not there is not known: another way may see it', async () => {
    for (const path of [at('share/x'), at('share/deep/x')]) {
      assert.equal(await files.file(path), 'unknown');
      assert.equal(await files.image(path), 'unknown');
    }
    assert.equal(await files.list(at('share')), 'unseen');
    assert.equal(await files.file(at('x')), 'missing');
    assert.equal(await files.image(at('x')), 'missing');
  });

  it('many are missing at the same time, each in the folder that it should be in', async () => {
    await mkdir(at('there'));
    const paths = Array.from({ length: 20 }, (_, index) => at(`${index % 2 === 0 ? 'there' : 'gone'}/${index}`));
    const seen = await Promise.all(paths.map((path) => files.image(path)));
    assert.deepEqual(
      seen,
      paths.map((path) => (path.includes('/there/') ? 'missing' : 'unknown')),
    );
    // Nothing is kept of it.
    await rm(at('there'), { recursive: true });
    assert.equal(await files.image(paths[0]!), 'unknown');
  });

  it('a raw disk is raw whatever a guest writes to it, and no other format is guessed', async () => {
    await writeFile(at('disk'), Buffer.concat([Buffer.from('QFI\xfb\0\0\0\x03', 'latin1'), Buffer.alloc(1016)]));
    assert.equal(((await files.image(at('disk'))) as ImageFacts).corrupt, true);
    const { format, virtualBytes, corrupt, backing } = (await files.image(at('disk'), 'raw')) as ImageFacts;
    assert.deepEqual([format, virtualBytes, corrupt, backing], ['raw', 1024, undefined, undefined]);
    await writeFile(at('empty'), '');
    assert.equal(((await files.image(at('empty'), 'qcow2')) as ImageFacts).corrupt, true);
    const noting = localFiles(await standIn(`printf '%s ' "$@" > ${at('args')}; echo '{}'`));
    await noting.image(at('disk'), 'vdi');
    assert.match(await readFile(at('args'), 'utf8'), /"driver":"vdi","backing":null/);
    await rm(at('args'));
    for (const odd of ['--object', 'vmdk', 'nbd', 'raw']) {
      assert.equal(((await noting.image(at('disk'), odd)) as ImageFacts).format, odd);
      await assert.rejects(stat(at('args')));
    }
  });

  it('a block device is as large as the kernel says', async function () {
    const [device] = (await readdir('/sys/class/block')).filter((name) => /^(loop|[sv]d[a-z]|nvme)/.test(name));
    const sectors = device === undefined ? undefined : await readFile(`/sys/class/block/${device}/size`, 'utf8');
    const stats = await stat(`/dev/${device ?? ''}`).catch(() => undefined);
    if (stats?.isBlockDevice() !== true) {
      this.skip();
    }
    assert.equal((await factsOf(stats))?.bytes, Number(sectors) * 512);
  });

  it('without qemu-img an image of another format stays unknown, and that is why nothing can be done', async () => {
    await writeFile(at('other'), 'QED\0');
    const without = localFiles(
      {},
      {
        find: () => Promise.resolve(undefined),
        watch: () => Promise.resolve(),
        run: () => Promise.reject(new Failure('unsupported')),
      },
    );
    assert.equal(await without.image(at('other')), 'unknown');
    assert.deepEqual(await without.canAct(folder), { why: 'noQemuImg' });
  });

  it('a program is found in an absolute folder of the PATH alone', async () => {
    const environment = await standIn('exit 0');
    assert.equal(await qemuImg(environment).find(), at('bin/qemu-img'));
  });

  it('a program that is gone is looked for again', async () => {
    await standIn('exit 0');
    await mkdir(at('later'));
    const program = qemuImg({ PATH: `${at('bin')}:${at('later')}` });
    assert.equal(await program.find(), at('bin/qemu-img'));
    await rename(at('bin/qemu-img'), at('later/qemu-img'));
    assert.equal(await program.find(), at('later/qemu-img'));
  });

  it('what a failing qemu-img leaves is taken away', async () => {
    const script = 'shift $(($# - 2)); echo half > "$1"; echo "x: No space left on device" >&2; exit 1';
    const failing = localFiles(await standIn(script));
    await writeFile(at('base'), 'x');
    const making = failing.createOverlay({ file: at('new'), backing: at('base'), backingFormat: 'raw' });
    await assert.rejects(making, { kind: 'noSpace' });
    assert.deepEqual((await readdir(folder)).sort(), ['base', 'bin']);
  });

  it('a file of that name that appears meanwhile stays', async () => {
    const script = `shift $(($# - 2)); echo made > "$1"; echo theirs > ${at('new')}`;
    const slow = localFiles(await standIn(script));
    await writeFile(at('base'), 'x');
    const making = slow.createOverlay({ file: at('new'), backing: at('base'), backingFormat: 'raw' });
    await assert.rejects(making, { kind: 'exists' });
    assert.equal(await readFile(at('new'), 'utf8'), 'theirs\n');
    assert.deepEqual((await readdir(folder)).sort(), ['base', 'bin', 'new']);
  });

  /** What another user may do in a folder of his while we are at work in it. */
  const swapsFor = (target: string): string =>
    `for part in ${folder}/.virt-rewind-*.part; do rm "$part"; ln -s ${target} "$part"; done`;

  it('a link put in the place of what is made is not followed, and nothing is put in place', async () => {
    await writeFile(at('victim'), 'kept', { mode: 0o600 });
    await writeFile(at('base'), 'x', { mode: 0o644 });
    const before = await stat(at('victim'));
    for (const script of [
      `shift $(($# - 2)); echo made > "$1"; ${swapsFor(at('victim'))}`,
      `${swapsFor(at('victim'))}; shift $(($# - 2)); echo made > "$1"`,
    ]) {
      const swapped = localFiles(await standIn(script));
      const making = swapped.createOverlay({ file: at('new'), backing: at('base'), backingFormat: 'raw' });
      await assert.rejects(making, { kind: 'failed' });
      const { mode, uid, gid } = await stat(at('victim'));
      assert.deepEqual([mode, uid, gid], [before.mode, before.uid, before.gid]);
      assert.equal(await readFile(at('victim'), 'utf8'), 'kept');
      assert.deepEqual((await readdir(folder)).sort(), ['base', 'bin', 'victim']);
    }
  });

  it('nobody else reads what is made before it has owner and mode of what it stands for', async () => {
    const noting = localFiles(
      await standIn(`stat -c %a ${folder}/.virt-rewind-*.part > ${at('mode')}; shift $(($# - 2)); echo x > "$1"`),
    );
    await writeFile(at('base'), 'x', { mode: 0o640 });
    await noting.createOverlay({ file: at('new'), backing: at('base'), backingFormat: 'raw' });
    assert.equal((await readFile(at('mode'), 'utf8')).trim(), '600');
    assert.equal((await stat(at('new'))).mode & 0o777, 0o640);
  });

  it('what a link of another user leads to is not replaced', async function () {
    if (!root) {
      this.skip();
    }
    await writeFile(at('from'), 'new');
    await writeFile(at('ours'), 'kept');
    await symlink('ours', at('link'));
    await lchown(at('link'), nobody, nobody);
    await assert.rejects(files.copy(at('from'), at('link'), 'replace'), { kind: 'denied' });
    assert.equal(await readFile(at('ours'), 'utf8'), 'kept');
    await lchown(at('link'), 0, 0);
    await files.copy(at('from'), at('link'), 'replace');
    assert.equal(await readFile(at('ours'), 'utf8'), 'new');
  });

  it('what goes into the trash is there whole, with a note, also a second of its name', async () => {
    for (const content of ['one', 'two']) {
      await writeFile(at('left.a'), content);
      await files.trash(at('left.a'));
    }
    await files.trash(at('left.a'));
    assert.deepEqual(await readdir(folder), [trashFolder]);
    const names = (await readdir(at(trashFolder))).sort();
    assert.equal(names.length, 4);
    const [first = '', note = '', second = ''] = names;
    assert.equal(await readFile(at(`${trashFolder}/${first}`), 'utf8'), 'one');
    assert.equal(await readFile(at(`${trashFolder}/${second}`), 'utf8'), 'two');
    assert.equal((await readFile(at(`${trashFolder}/${note}`), 'utf8')).split('\n')[0], at('left.a'));
    assert.equal((await stat(at(trashFolder))).mode & 0o777, 0o700);
    const place = at(`${trashFolder}/${first}`);
    for (const wrong of [at('left.a'), at(`${trashFolder}/${note}`), at(`${trashFolder}/../left.a`)]) {
      await assert.rejects(files.trash(at('left.a'), wrong), { kind: 'invalid' });
    }
    await files.trash(at('left.a'), place);
    assert.equal(await readFile(at('left.a'), 'utf8'), 'one');
    // Once more, after a stop that left both names.
    await link(at('left.a'), place);
    await files.trash(at('left.a'), place);
    assert.deepEqual((await readdir(at(trashFolder))).sort(), [second, `${second}.txt`]);
    await assert.rejects(files.trash(at('left.a'), at(`${trashFolder}/${second}`)), { kind: 'exists' });
    assert.equal(await readFile(at('left.a'), 'utf8'), 'one');
  });

  it('a trash that leads elsewhere takes nothing, and a folder goes into none', async () => {
    await mkdir(at('elsewhere'));
    await symlink('elsewhere', at(trashFolder));
    await writeFile(at('left'), 'kept');
    assert.deepEqual(await files.canAct(at(trashFolder)).then((can) => typeof can === 'object' && can.why), 'denied');
    await assert.rejects(files.trash(at('left')), { kind: 'denied' });
    await assert.rejects(files.trash(at('elsewhere')), { kind: 'unsupported' });
    assert.equal(await readFile(at('left'), 'utf8'), 'kept');
    assert.deepEqual(await readdir(at('elsewhere')), []);
  });

  it('names and formats reach qemu-img as they are, and no format that is an option', async () => {
    const noting = localFiles(await standIn(`printf '%s\\n' "$@" > ${at('args')}; shift $(($# - 2)); echo x > "$1"`));
    await writeFile(at('$(id) -o x'), 'x');
    await noting.createOverlay({ file: at('new'), backing: at('$(id) -o x'), backingFormat: 'raw' });
    const args = (await readFile(at('args'), 'utf8')).trimEnd().split('\n');
    assert.deepEqual(args.slice(6, -2), ['raw', '-b', at('$(id) -o x'), '--']);
    const odd = noting.createOverlay({ file: at('odd'), backing: at('new'), backingFormat: 'raw,x=y' });
    await assert.rejects(odd, { kind: 'invalid' });
  });

  it('a qemu-img that hangs, or that never stops talking, is ended', async () => {
    const hung = qemuImg(await standIn('exec sleep 1000'), 50);
    await assert.rejects(hung.run(ImageCommand.create(at('made'), 512), {}), Failure);
    const endless = qemuImg(await standIn('exec yes'));
    await assert.rejects(endless.run(ImageCommand.create(at('made'), 512), {}), Failure);
  });

  it('what qemu-img says of an image is checked like any input', async () => {
    await writeFile(at('other'), 'QED\0');
    for (const said of ['[]', 'null', '{"format":1,"virtual-size":"x"}', '{"format":"raw"}']) {
      const odd = localFiles(await standIn(`echo '${said}'`));
      assert.equal(await odd.image(at('other')), 'unknown', said);
    }
    const broken = localFiles(await standIn('echo {'));
    await assert.rejects(broken.image(at('other')), { kind: 'failed' });
  });

  it('ways to name a backing file', async () => {
    const options = true;
    for (const [written, backing] of [
      ['/abs', { file: '/abs' }],
      ['beside', { file: at('beside') }],
      ['file:/abs', { file: '/abs', options }],
      ['file:beside', { file: at('beside'), options }],
      [
        'json:{"driver":"qcow2","file":{"driver":"file","filename":"/abs"}}',
        { file: '/abs', format: 'qcow2', options },
      ],
      ['json:{"driver":"raw","file.driver":"file","file.filename":"/abs"}', { file: '/abs', format: 'raw', options }],
      ['json:{"driver":"nbd","host":"x"}', { file: 'json:{"driver":"nbd","host":"x"}', options }],
      ['json:{', { file: 'json:{', options }],
      ['nbd://host/x', { file: 'nbd://host/x', options }],
    ] as const) {
      const told = JSON.stringify({ format: 'qed', 'virtual-size': 512, 'backing-filename': written });
      await writeFile(at('told'), told);
      await writeFile(at('image'), 'QED\0');
      const seen = await localFiles(await standIn(`cat ${at('told')}`)).image(at('image'));
      assert.ok(typeof seen === 'object');
      assert.deepEqual(seen.backing, backing);
    }
  });
});

describe('what files fail with', () => {
  it('by errno', () => {
    for (const [code, kind] of [
      ['EACCES', 'denied'],
      ['EROFS', 'denied'],
      ['EEXIST', 'exists'],
      ['ENOENT', 'notFound'],
      ['ENOSPC', 'noSpace'],
      ['EDQUOT', 'noSpace'],
      ['EIO', 'failed'],
    ] as const) {
      assert.equal(fileFailure(Object.assign(new Error('x'), { code }), {}).kind, kind);
    }
    assert.equal(fileFailure('x', {}).kind, 'failed');
    const own = new Failure('busy');
    assert.equal(fileFailure(own, {}), own);
  });

  it("by QEMU's words", () => {
    for (const [said, kind] of [
      ['qemu-img: x: Could not write qcow2 header: No space left on device', 'noSpace'],
      ['qemu-img: Could not open \'x\': Failed to get "write" lock\nIs another process using the image [x]?', 'busy'],
      ["qemu-img: Could not open 'x': Could not open 'x': Permission denied", 'denied'],
      ["qemu-img: Could not open 'x': Could not open 'x': No such file or directory", 'notFound'],
      ["qemu-img: Could not open 'x': Image is not in qcow2 format", 'failed'],
    ] as const) {
      assert.equal(qemuImgFailure(said, {}).kind, kind);
    }
  });
});
