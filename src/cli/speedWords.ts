// The words for speeds on the command line.
import type { Speed } from '../domain/speed.js';

export const speedWords = {
  'hard-disk': 'hardDisk',
  'memory-card': 'memoryCard',
  phone: 'phone',
  full: 'full',
} as const satisfies Readonly<Record<string, Speed>>;
