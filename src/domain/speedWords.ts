// The words for speeds on the command line and in lab files. Apart from the speeds: they are read at each start.
import type { Speed } from './speed.js';

export const speedWords = {
  'hard-disk': 'hardDisk',
  'memory-card': 'memoryCard',
  phone: 'phone',
  full: 'full',
} as const satisfies Readonly<Record<string, Speed>>;
