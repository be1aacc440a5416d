// What stands on a disk that is not read here, by the marks that blkid knows: a type of file system, or of what holds
// others. https://github.com/util-linux/util-linux/tree/master/libblkid/src/superblocks
import { type Disk } from '../bytes/disk.js';

/**
 * A mark at a place, as bytes from the start; from the end where it is negative, and the disk is as long as a multiple
 * of `unit` then. Names are those of `blkid`.
 */
type Signature = readonly [type: string, at: number, mark: string, unit?: number];

const kb = 1024;
const mb = kb * kb;

function atEach(type: string, places: readonly number[], marks: readonly string[]): readonly Signature[] {
  return marks.flatMap((mark) => places.map((at): Signature => [type, at, mark]));
}

const raidMark = '\xfc\x4e\x2b\xa9';
const pageEnds = [4, 8, 16, 32, 64].map((pages) => pages * kb - 10);
const ufsPlaces = [0, 8, 64, 256].map((start) => start * kb + 0x55c);
const zfsLabel = '\0\0\0\x07version';
const zfsLabelAt = 16 * kb + 20;
const zfsBlocks = Array.from({ length: 128 }, (_, index) => (128 + index) * kb);

/** No file system that is read here keeps content there: these are looked for first. */
const early: readonly Signature[] = [
  ['xfs', 0, 'XFSB'],
  ...atEach('crypto_LUKS', [0, 0x4000], ['LUKS\xba\xbe', 'SKUL\xba\xbe']),
  ['BitLocker', 3, '-FVE-FS-'],
  ['BitLocker', 424, '\x3b\xd6\x67\x49\x29\x2e\xd8\x4a\x83\x99\xf6\xa3\x39\xe3\xd0\x01'],
  ['exfat', 3, 'EXFAT   '],
  ['ReFS', 0, '\0\0\0ReFS\0'],
  ...atEach('squashfs', [0], ['hsqs', 'sqsh']),
  ...atEach('cramfs', [0, 512], ['\x45\x3d\xcd\x28', '\x28\xcd\x3d\x45']),
  ['romfs', 0, '-rom1fs-'],
  ['erofs', kb, '\xe2\xe1\xf5\xe0'],
  ['apfs', 32, 'NXSB'],
  ['f2fs', kb, '\x10\x20\xf5\xf2'],
  ['nilfs2', kb, '\x02\0\0\0\0\0\x34\x34'],
  ['ubi', 0, 'UBI#'],
  ['ubifs', 0, '\x31\x18\x10\x06'],
  ['hfsplus', kb, 'H+\0\x04'],
  ['hfsplus', kb, 'HX\0\x05'],
  ...atEach('befs', [32, 544], ['BFS1', '1SFB']),
  ['bfs', 0, '\xce\xfa\xad\x1b'],
  ...atEach(
    'ocfs2',
    [1, 2, 4, 8].map((at) => at * kb),
    ['OCFSV2'],
  ),
  ['vxfs', kb, '\xf5\xfc\x01\xa5'],
  ['vxfs', 8 * kb, '\xa5\x01\xfc\xf5'],
  ['hpfs', 8 * kb, '\x49\xe8\x95\xf9'],
  ...atEach('LVM2_member', [0, 512, 1024, 1536], ['LABELONE']),
  ...atEach('swap', pageEnds.slice(0, 3), ['SWAPSPACE2', 'SWAP-SPACE']),
  ...atEach('swsuspend', pageEnds.slice(0, 3), ['S1SUSPEND', 'S2SUSPEND', 'ULSUSPEND', 'LINHIB0001']),
  ['linux_raid_member', 0, `${raidMark}\x01`],
  ['linux_raid_member', 4 * kb, raidMark],
  ['bcache', 4120, '\xc6\x85\x73\xf6\x4e\x1a\x45\xca\x82\x65\xf5\x7f\x48\xba\x6d\x81'],
  ['bcachefs', 4120, '\xc6\x85\x73\xf6\x66\xce\x90\xa9\xd9\x6a\x60\xcf\x80\x3d\xf7\xef'],
  ...atEach('stratis', [516, 4612], ['!Stra0tis\x86\xff\x02^Arh']),
  ['vdo', 0, 'dmvdo001'],
  ['DM_verity_hash', 0, 'verity\0\0'],
  ['DM_integrity', 0, 'integrt\0'],
  ['DM_snapshot_cow', 0, 'SnAp\x01\0\0\0'],
  ['ceph_bluestore', 0, 'bluestore block device'],
  ['oracleasm', 32, 'ORCLDISK'],
  ['ldm', 0xc00, 'PRIVHEAD'],
  ['zfs_member', zfsLabelAt, zfsLabel],
];

/** Content may look like these: they are looked for where no file system is found. */
const late: readonly Signature[] = [
  ['btrfs', 0x10040, '_BHRfS_M'],
  ['jfs', 32 * kb, 'JFS1'],
  ...atEach('reiserfs', [8 * kb + 20, 8 * kb + 0x34, 64 * kb + 0x34], ['ReIsErFs', 'ReIsEr2Fs', 'ReIsEr3Fs']),
  ['reiser4', 64 * kb, 'ReIsEr4'],
  ['gfs2', 64 * kb, '\x01\x16\x19\x70'],
  ...atEach('swap', pageEnds.slice(3), ['SWAPSPACE2', 'SWAP-SPACE']),
  ...atEach('ufs', ufsPlaces, ['\x54\x19\x01\0', '\0\x01\x19\x54', '\x19\x01\x54\x19', '\x19\x54\x01\x19']),
  ['iso9660', 32_769, 'CD001'],
  ...atEach('udf', [32_769], ['BEA01', 'NSR02', 'NSR03']),
  ['hfs', kb, 'BD'],
  ...atEach('minix', [kb + 16], ['\x7f\x13', '\x8f\x13', '\x68\x24', '\x78\x24']),
  ['minix', kb + 24, '\x5a\x4d'],
  ...atEach('zfs_member', [256 * kb + zfsLabelAt], [zfsLabel]),
  ['zfs_member', zfsLabelAt - 512 * kb, zfsLabel, 256 * kb],
  ['zfs_member', zfsLabelAt - 256 * kb, zfsLabel, 256 * kb],
  ...atEach('zfs_member', zfsBlocks, ['\x0c\xb1\xba\0\0\0\0\0', '\0\0\0\0\0\xba\xb1\x0c']),
  ['VMFS_volume_member', mb, '\x0d\xd0\x01\xc0'],
  ['VMFS', 2 * mb, '\x5e\xf1\xab\x2f'],
  ['bcachefs', 2 * mb + 24, '\xc6\x85\x73\xf6\x66\xce\x90\xa9\xd9\x6a\x60\xcf\x80\x3d\xf7\xef'],
  ['linux_raid_member', -8 * kb, `${raidMark}\x01`, 4 * kb],
  ['linux_raid_member', -64 * kb, raidMark, 64 * kb],
  ...atEach('drbd', [60 - 4 * kb], ['\x83\x74\x02\x6b', '\x83\x74\x02\x6c', '\x83\x74\x02\x6d']),
  ['ldm', -512, 'PRIVHEAD'],
  ['ddf_raid_member', -512, '\xde\x11\xde\x11'],
  ['isw_raid_member', -1024, 'Intel Raid ISM Cfg Sig. '],
];

/** Undefined: no mark that is known. */
export async function findSignature(disk: Disk, when: 'early' | 'late'): Promise<string | undefined> {
  for (const [type, at, mark, unit = 512] of when === 'early' ? early : late) {
    const from = at < 0 ? Math.floor(disk.bytes / unit) * unit + at : at;
    const isInside = from >= 0 && from + mark.length <= disk.bytes;
    if (isInside && (await disk.read(from, mark.length)).toString('latin1') === mark) {
      return type;
    }
  }
  return undefined;
}

/** Where a member of a RAID of Linux has its head at its end, and its level in that. */
const raidEnds: readonly (readonly [at: number, unit: number, levelAt: number])[] = [
  [-8 * kb, 4 * kb, 72],
  [-64 * kb, 64 * kb, 28],
];

/** Its first bytes are a file system of which others have the rest; of a mirror, all of it. */
export async function isStripe(disk: Disk): Promise<boolean> {
  for (const [at, unit, levelAt] of raidEnds) {
    const from = Math.floor(disk.bytes / unit) * unit + at;
    const head = from < 0 ? Buffer.alloc(0) : await disk.read(from, 76);
    if (head.toString('latin1', 0, 4) === raidMark && head.readInt32LE(levelAt) !== 1) {
      return true;
    }
  }
  return false;
}
