// What every judge of images has alike: what it fails with, and how deep it goes.
import { Failure } from './failure.js';
import { refuse, type WhyUnjudged } from './refusal.js';

/** The most files in the chain of an image: as many as libvirt takes. */
export const mostLayers = 200;

/** @param below what the layer names, as written */
export function unjudgedImage(file: string, why: WhyUnjudged, below?: string): Failure {
  const facts = { file, why, ...(below !== undefined && { below }) };
  return new Failure('refused', { path: file, refusal: refuse('unjudgedImage', facts).refusal });
}
