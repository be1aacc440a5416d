// Long names, short: what tells names of files apart stands at their beginning and at their end.

/** At most so many characters; of what is cut out, an ellipsis stands in its place. */
export function shortInMiddle(name: string, most: number): string {
  const characters = Array.from(name);
  if (characters.length <= most) {
    return name;
  }
  const front = Math.ceil((most - 1) / 2);
  return [...characters.slice(0, front), '…', ...characters.slice(characters.length - (most - 1 - front))].join('');
}
