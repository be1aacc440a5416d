// The images in a VM's folders that no VM names: an exported copy, a clone that is not defined yet, what somebody is at
// work on. Each may be built on a file of the VM. Refuses to judge that.
import { imageChain } from '../../domain/chains/backingChain.js';
import { listedFiles } from '../../domain/chains/folderNames.js';
import { namedFiles } from '../../domain/chains/fileUse.js';
import { identitiesOf, pathsByIdentity } from '../../domain/chains/samePath.js';
import type { HostFiles } from '../../domain/hostFiles.js';
import type { Log } from '../../base/log.js';
import type { Facts, StrayImage } from '../../domain/facts.js';
import { type Clock, systemClock } from '../../base/clock.js';
import { ChainReader } from '../../live/hostFacts.js';

interface FoundStrayImage extends StrayImage {
  readonly file: string;
  /** The identities of the files below it, by whichever path. */
  readonly identities: readonly string[];
  /** Its own. */
  readonly itself: readonly string[];
  readonly real?: string | undefined;
}

/**
 * Reads the images of the listed folders that no VM names. Only qcow2 is looked for: what a guest wrote to a raw disk
 * of somebody's is no header, and a disk that a VM names is not asked here. An image of another kind that is built on a
 * file is not seen.
 */
export async function readStrayImages(
  files: HostFiles,
  facts: Facts,
  namedByOthers: ReadonlySet<string>,
  log: Log,
  clock: Clock = systemClock,
): Promise<readonly FoundStrayImage[]> {
  const named = namedFiles(facts);
  const looked = facts.files?.images;
  const strange = listedFiles(facts).filter(
    (path) => !named.has(path) && !namedByOthers.has(path) && looked?.has(path) !== true && mayBeImage(path),
  );
  const chains = new ChainReader(files, 'head', log, clock);
  chains.know(new Map(strange.map((path) => [path, 'qcow2'])));
  await chains.follow(strange);
  const own = pathsByIdentity([...named, ...(looked?.keys() ?? [])], facts.files);
  const found = strange.flatMap((file): readonly FoundStrayImage[] => {
    const restsOn = imageChain(file, chains.images).files.slice(1);
    const identities = restsOn.flatMap((one) => identitiesOf(one, chains.images.get(one)));
    const image = chains.images.get(file);
    const { modifiedAt, real } = typeof image === 'object' ? image : {};
    const itself = identitiesOf(file, image);
    return restsOn.length === 0
      ? []
      : [{ file, restsOn, identities, itself, real, ...(modifiedAt !== undefined && { modifiedAt }) }];
  });
  const content = new ChainReader(files, 'whole', log, clock);
  const resting = found.filter(({ identities }) => identities.some((identity) => own.has(identity)));
  content.know(new Map(resting.map(({ file }) => [file, 'qcow2'])));
  await content.read(resting.map(({ file }) => file));
  return found.map((stray): FoundStrayImage => {
    const image = content.images.get(stray.file);
    return typeof image === 'object' && image.empty === true ? { ...stray, empty: true } : stray;
  });
}

/** What is half made by us goes by itself; a file of RAM has no layers. */
function mayBeImage(path: string): boolean {
  return !/(?:\.mem|\/\.virt-rewind-[^/]*)$/u.test(path);
}
