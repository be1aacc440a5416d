// The slide as the bytes of a file.
import { CanvasSurface } from './canvasSurface.js';
import { type Slide, drawSlide, slideSize, slideWords } from './slide.js';
import { SvgSurface } from './svgSurface.js';

const font = 'Segoe UI, Helvetica, Arial, sans-serif';
/** Sharp on a projector; less where the browser would refuse the canvas. */
const sharpness = 2;
const longestSide = 16_000;
const mostPixels = 100_000_000;

export function slideSvg(slide: Slide): string {
  const surface = new SvgSurface(font);
  drawSlide(surface, slide);
  const { width, height } = slideSize(slide);
  return surface.finish(width, height, slide.title, slideWords(slide));
}

/** @throws Error when the browser makes no image of it */
export async function slidePng(slide: Slide): Promise<Uint8Array<ArrayBuffer>> {
  const { width, height } = slideSize(slide);
  const scale = Math.min(
    sharpness,
    longestSide / width,
    longestSide / height,
    Math.sqrt(mostPixels / (width * height)),
  );
  const canvas = document.createElement('canvas');
  canvas.width = Math.floor(width * scale);
  canvas.height = Math.floor(height * scale);
  const context = canvas.getContext('2d');
  if (context === null) {
    throw new Error('no canvas');
  }
  context.scale(scale, scale);
  drawSlide(new CanvasSurface(context, font), slide);
  const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, 'image/png'));
  if (blob === null) {
    throw new Error('no image');
  }
  return new Uint8Array(await blob.arrayBuffer());
}
