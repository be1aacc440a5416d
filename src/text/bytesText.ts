// Sizes as people read them, in powers of 1,024.
import { t } from '@vscode/l10n';
import type { Bytes } from '../domain/layers.js';
import { fixedText } from './numberText.js';

/**
 * | bytes       | text    |
 * |-------------|---------|
 * | 0           | 0 B     |
 * | 1,023       | 1023 B  |
 * | 1,536       | 1.5 KB  |
 * | 10 MiB      | 10 MB   |
 * | 1.25 GiB    | 1.3 GB  |
 */
export function bytesText(bytes: number): string {
  const units = ['B', 'KB', 'MB', 'GB', 'TB', 'PB'];
  let value = Math.max(0, bytes);
  let unit = 0;
  while (value >= 1_024 && unit < units.length - 1) {
    value /= 1_024;
    unit += 1;
  }
  const number = unit === 0 || value >= 9.95 ? String(Math.round(value)) : fixedText(value, 1);
  return t('{0} {1}', number, units[unit] ?? '');
}

export function bytesWords(bytes: Bytes): string {
  return bytes === 'unknown' ? t('unknown') : bytesText(bytes);
}
