// How fast the disks and networks of a VM are, in words.
import { t } from '@vscode/l10n';
import type { Speed } from '../../domain/speed.js';

export function speedName(speed: Speed): string {
  switch (speed) {
    case 'hardDisk':
      return t('Disks like a spinning disk');
    case 'memoryCard':
      return t('Disks like a memory card');
    case 'phone':
      return t('Network like a phone');
    case 'full':
      return t('As fast as possible');
  }
}

/** Undefined: numbers of somebody else. */
export function speedNowText(speed: Speed | undefined): string {
  return speed === undefined ? t('With limits set elsewhere') : speedName(speed);
}

export function speedSetText(speed: Speed, vm: string): string {
  return speed === 'full'
    ? t('The disks and networks of {0} are as fast as possible.', vm)
    : t('{0}: {1}, until it is off or reverted.', vm, speedName(speed));
}

export function noSpeedText(vm: string): string {
  return t('{0} has no disk or network whose speed libvirt can limit.', vm);
}
