// The figures of scale.ts as a picture: two charts side by side, both axes logarithmic. Pure.

export interface Row {
  readonly count: number;
  readonly firstMs: number;
  readonly wholeMs: number;
  /** The longest time for which the event loop stood still. */
  readonly blockMs: number;
  readonly megabytes: number;
  readonly openFiles: number;
}

const [width, height, margin, space] = [320, 220, 40, 60];
/** Told apart by their dashes too. */
const lines = [
  { key: 'wholeMs', name: 'read whole, ms', color: '#1f6feb', dash: '' },
  { key: 'firstMs', name: 'first row, ms', color: '#2da44e', dash: '6 3' },
  { key: 'blockMs', name: 'longest block, ms', color: '#cf222e', dash: '2 3' },
  { key: 'megabytes', name: 'memory, MB', color: '#8250df', dash: '8 3 2 3' },
] as const;
const [least, most] = [0.1, 100_000];

export function chartOf(charts: Readonly<Record<string, readonly Row[]>>): string {
  const all = Object.entries(charts).map(([name, rows], index) => chart(name, rows, index * (width + space)));
  const total = (width + space) * all.length + margin;
  const legend = lines.map(({ name, color, dash }, index) => {
    const x = margin + index * 170;
    return (
      `<line x1="${x}" x2="${x + 24}" y1="${height + 70}" y2="${height + 70}" stroke="${color}" stroke-width="2"` +
      ` stroke-dasharray="${dash}"/><text x="${x + 30}" y="${height + 74}">${name}</text>`
    );
  });
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="-10 0 ${total} ${height + 90}" font-family="sans-serif"` +
    ` font-size="11" fill="#57606a" role="img" aria-label="What grows how">${all.join('')}${legend.join('')}</svg>\n`
  );
}

function chart(name: string, rows: readonly Row[], left: number): string {
  const [first, last] = [rows[0]!.count, rows.at(-1)!.count];
  const x = (count: number): number => left + margin + (Math.log(count / first) / Math.log(last / first)) * width;
  const y = (value: number): number =>
    20 + height - (Math.log(Math.max(value, least) / least) / Math.log(most / least)) * height;
  const at = (value: number): string => value.toFixed(1);
  const grid = [0.1, 1, 10, 100, 1_000, 10_000, 100_000].map(
    (value) =>
      `<line x1="${left + margin}" x2="${left + margin + width}" y1="${at(y(value))}" y2="${at(y(value))}"` +
      ` stroke="#d0d7de"/><text x="${left + margin - 4}" y="${at(y(value) + 4)}" text-anchor="end">${value}</text>`,
  );
  const ticks = rows.map(
    ({ count }) => `<text x="${at(x(count))}" y="${height + 36}" text-anchor="middle">${count}</text>`,
  );
  const curves = lines.map(({ key, color, dash }) => {
    const points = rows.map((row) => `${at(x(row.count))},${at(y(row[key]))}`).join(' ');
    return `<polyline points="${points}" fill="none" stroke="${color}" stroke-width="2" stroke-dasharray="${dash}"/>`;
  });
  const title = `<text x="${left + margin + width / 2}" y="${height + 54}" text-anchor="middle">${name}</text>`;
  return `${grid.join('')}${ticks.join('')}${curves.join('')}${title}`;
}
