// Images that are not qcow2: a raw one is what it is, of any other qemu-img tells.
import type { FileFacts, ImageFacts } from '../domain/hostFiles.js';
import { backingOf } from './backingOf.js';
import { asRawImage } from './fileFacts.js';
import { ImageCommand } from './imageCommands.js';
import { LoneImage } from './judgedChain.js';
import type { ImageBytes } from './imageBytes.js';
import type { ImageHost } from './qemuImg.js';
import { readVmdk, openAlone } from './otherFormats.js';

/** One that is called what is no format of images here stays unknown but for that. */
export async function readOther(
  path: string,
  facts: FileFacts,
  format: string,
  bytes: ImageBytes,
  host: ImageHost,
): Promise<ImageFacts | 'unknown'> {
  if (format === 'raw') {
    return asRawImage(facts);
  }
  if (format === 'vmdk') {
    const { virtualBytes, backing } = await readVmdk(bytes);
    return {
      ...facts,
      format,
      virtualBytes,
      ...(backing === undefined ? {} : { backing: await backingOf(backing, undefined, path, host.files) }),
    };
  }
  return openAlone.has(format) ? askQemuImg(path, facts, host, format) : { ...facts, format, virtualBytes: 0 };
}

async function askQemuImg(
  path: string,
  facts: FileFacts,
  { files, qemuImg }: ImageHost,
  known: string,
): Promise<ImageFacts | 'unknown'> {
  if ((await qemuImg.find()) === undefined) {
    return 'unknown';
  }
  const details = { doing: 'looking at an image', path };
  const told: unknown = JSON.parse(
    await LoneImage.within(path, known, files, (image) => qemuImg.run(ImageCommand.describe(image), details)),
  );
  const format = member(told, 'format');
  const virtualBytes = member(told, 'virtual-size');
  if (typeof format !== 'string' || typeof virtualBytes !== 'number') {
    return 'unknown';
  }
  const backing = member(told, 'backing-filename');
  const backingFormat = member(told, 'backing-filename-format');
  return {
    ...facts,
    format,
    virtualBytes,
    ...(typeof backing === 'string'
      ? {
          backing: await backingOf(backing, typeof backingFormat === 'string' ? backingFormat : undefined, path, files),
        }
      : {}),
  };
}

function member(of: unknown, name: string): unknown {
  return typeof of === 'object' && of !== null && Object.hasOwn(of, name)
    ? (of as Readonly<Record<string, unknown>>)[name]
    : undefined;
}
