// THE table: every reader of bytes that are not our own, by families.
import type { Decoder } from './fuzz.js';
import { guestDiskDecoders } from './guestDiskDecoders.js';
import { imageDecoders } from './imageDecoders.js';
import { textDecoders } from './textDecoders.js';
import { valueDecoders } from './valueDecoders.js';
import { wireDecoders } from './wireDecoders.js';
import { xmlDecoders } from './xmlDecoders.js';

export const families = {
  wire: wireDecoders,
  xml: xmlDecoders,
  image: imageDecoders,
  guestDisk: guestDiskDecoders,
  text: textDecoders,
  value: valueDecoders,
} as const satisfies Readonly<Record<string, readonly Decoder[]>>;
