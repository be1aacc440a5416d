// The letter by which a layer is called, in a figure and in a sentence.

/** A, B, … Z, AA, AB …; the base is A. */
export function layerLetter(layer: number): string {
  let text = '';
  for (let rest = layer; rest >= 0; rest = Math.floor(rest / 26) - 1) {
    text = String.fromCharCode(65 + (rest % 26)) + text;
  }
  return text;
}
