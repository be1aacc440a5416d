// The script of the page with all VMs. It makes text of what it is told, keeps what is filtered, grouped, sorted,
// chosen and focused while the rows change, and asks for commands. Nothing from outside is in it.

/** All files: what takes the disk stands first. */
export const vmsScript = `
const api = acquireVsCodeApi();
const find = (selector) => document.querySelector(selector);
const [main, body, all, bar, filter, by] = ['main', 'tbody', '.all', '.tools', '.filter', '.by'].map(find);
const heads = [...document.querySelectorAll('.sort')];
const tools = [...document.querySelectorAll('[data-command]')];
const left = api.getState() ?? {};
const sort = left.sort ?? { at: 6, down: true };
const chosen = new Set(left.chosen ?? []);
filter.value = left.filter ?? '';
by.value = left.by ?? '';
let rows = [];
/** What passes the filter, in order. */
let shown = [];
/** The rows of which the extension was told last that they pass the filter. */
let told;
/** The row that the keyboard is on, and the one where a range begins. */
let current;
let first;
const keep = () => api.setState({ sort, chosen: [...chosen], filter: filter.value, by: by.value });
const element = (tag, text, className = '') => Object.assign(document.createElement(tag), { textContent: text, className });
const order = (a, b) => {
  const [one, other] = [a.cells[sort.at].sort, b.cells[sort.at].sort];
  const value = typeof one === 'string' ? one.localeCompare(other, undefined, { numeric: true }) : one - other;
  return (sort.down ? -value : value) || a.cells[0].text.localeCompare(b.cells[0].text, undefined, { numeric: true });
};
const groupOf = ({ groups }) => groups[by.value] ?? '';
const byGroup = (a, b) => Number(groupOf(a) === '') - Number(groupOf(b) === '') || groupOf(a).localeCompare(groupOf(b), undefined, { numeric: true });
const keysOf = ({ dataset }) => (dataset.key !== undefined ? [dataset.key] : shown.filter((row) => groupOf(row) === dataset.group).map(({ key }) => key));
function lineOf(label) {
  const line = document.createElement('tr');
  line.tabIndex = -1;
  const box = Object.assign(document.createElement('input'), { type: 'checkbox', tabIndex: -1, ariaLabel: label });
  const cell = document.createElement('td');
  cell.append(box);
  line.append(cell);
  return line;
}
function rowOf({ key, cells }) {
  const line = lineOf(cells[0].text);
  line.dataset.key = key;
  cells.forEach(({ text, more = text }, at) => {
    const cell = Object.assign(element(at === 0 ? 'th' : 'td', ''), { title: more });
    // A sign is no word for a screen reader.
    if (text === '✓') cell.ariaLabel = more;
    cell.append(element('div', text));
    if (at === 0) cell.scope = 'row';
    line.append(cell);
  });
  return line;
}
function headOf(group, count) {
  const text = (group || main.dataset.none) + ' · ' + count;
  const line = lineOf(text);
  line.className = 'group';
  line.dataset.group = group;
  line.append(Object.assign(element('th', text), { scope: 'rowgroup', colSpan: heads.length }));
  return line;
}
function mark() {
  for (const line of body.rows) {
    const keys = keysOf(line);
    const count = keys.filter((key) => chosen.has(key)).length;
    const box = line.querySelector('input');
    box.checked = count > 0 && count === keys.length;
    box.indeterminate = count > 0 && !box.checked;
    line.classList.toggle('chosen', box.checked);
    line.ariaSelected = String(box.checked);
    line.tabIndex = line === current ? 0 : -1;
  }
  all.checked = chosen.size > 0 && chosen.size === shown.length;
  all.indeterminate = chosen.size > 0 && !all.checked;
  tools.forEach((tool) => (tool.disabled = meant(tool).length === 0));
  const isAll = shown.length === rows.length;
  find('[role=status]').textContent = chosen.size > 0
    ? main.dataset.chosen.replace('{0}', String(chosen.size))
    : isAll ? main.dataset.hint : main.dataset.shown.replace('{0}', String(shown.length)).replace('{1}', String(rows.length));
  keep();
}
/** Starting is for those that are off. */
const meant = ({ dataset: { power } }) => shown.filter((row) => chosen.has(row.key) && (power ?? row.power) === row.power).map(({ key }) => key);
function stand(line, isFocused) {
  current = line ?? body.rows[0];
  if (isFocused) current?.focus();
}
/** As a list does: one alone, another one too, or all up to it. */
function choose(line, { toggles = false, isRange = false }) {
  const keys = keysOf(line);
  const lines = [...body.rows];
  const from = isRange ? lines.indexOf(first) : -1;
  const turnsOff = toggles && keys.every((key) => chosen.has(key));
  if (!toggles) chosen.clear();
  if (from >= 0) {
    const [low, high] = [from, lines.indexOf(line)].sort((a, b) => a - b);
    lines.slice(low, high + 1).flatMap(keysOf).forEach((key) => chosen.add(key));
  } else {
    keys.forEach((key) => (turnsOff ? chosen.delete(key) : chosen.add(key)));
    first = line;
  }
  stand(line, true);
  mark();
}
function draw() {
  const had = body.contains(document.activeElement);
  const [at, from] = [current?.dataset, first?.dataset];
  const words = filter.value.toLowerCase().split(' ').filter((word) => word !== '');
  shown = rows.filter(({ words: text }) => words.every((word) => text.includes(word))).sort(order);
  const keys = new Set(shown.map(({ key }) => key));
  for (const key of [...chosen]) if (!keys.has(key)) chosen.delete(key);
  if (by.value !== '') shown.sort(byGroup);
  const lines = shown.flatMap((row, index) => {
    const group = groupOf(row);
    const isNew = by.value !== '' && (index === 0 || groupOf(shown[index - 1]) !== group);
    return [...(isNew ? [headOf(group, shown.filter((one) => groupOf(one) === group).length)] : []), rowOf(row)];
  });
  body.replaceChildren(...lines);
  heads.forEach((head, index) => head.closest('th').setAttribute('aria-sort', index !== sort.at ? 'none' : sort.down ? 'descending' : 'ascending'));
  const again = (past) => lines.find(({ dataset }) => past !== undefined && dataset.key === past.key && dataset.group === past.group);
  first = again(from);
  stand(again(at), had);
  mark();
  // The last line is about these.
  const passing = [...keys].join('\\n');
  if (passing !== told) call('shown', [...keys]);
  told = passing;
}
const call = (command, vms) => api.postMessage({ command, vms });
const showPicture = (line) => line.dataset.key !== undefined && call('virtRewind.showPicture', [line.dataset.key]);
body.addEventListener('click', (event) => {
  const line = event.target.closest('tr');
  const isBox = event.target.tagName === 'INPUT';
  choose(line, { toggles: isBox || event.ctrlKey || event.metaKey, isRange: event.shiftKey });
});
body.addEventListener('dblclick', ({ target }) => target.tagName !== 'INPUT' && showPicture(target.closest('tr')));
body.addEventListener('keydown', (event) => {
  const { key, target, shiftKey, ctrlKey, metaKey } = event;
  const lines = [...body.rows];
  const line = target.closest('tr');
  const at = lines.indexOf(line);
  const to = { ArrowUp: at - 1, ArrowDown: at + 1, Home: 0, End: lines.length - 1 }[key];
  if (to !== undefined) {
    const next = lines[Math.min(Math.max(to, 0), lines.length - 1)];
    first ??= line;
    if (shiftKey) choose(next, { isRange: true });
    else stand(next, true), mark();
  } else if (key === ' ' && target === line) choose(line, { toggles: true });
  else if (key === 'Enter') showPicture(line);
  else if (key === 'a' && (ctrlKey || metaKey)) shown.forEach((row) => chosen.add(row.key)), mark();
  else return;
  event.preventDefault();
});
heads.forEach((head, at) => head.addEventListener('click', () => {
  sort.down = sort.at === at ? !sort.down : at === 2 || at > 3;
  sort.at = at;
  draw();
}));
all.addEventListener('click', () => {
  shown.forEach(({ key }) => (all.checked ? chosen.add(key) : chosen.delete(key)));
  mark();
});
filter.addEventListener('input', draw);
filter.addEventListener('keydown', (event) => {
  if (event.key !== 'ArrowDown') return;
  stand(body.rows[0], true);
  event.preventDefault();
});
by.addEventListener('change', draw);
tools.forEach((tool) => tool.addEventListener('click', () => call(tool.dataset.command, meant(tool))));
addEventListener('message', ({ data }) => {
  rows = data.rows;
  // A connection that all have says nothing.
  main.classList.toggle('one', new Set(rows.map(({ groups }) => groups.connection)).size < 2);
  const sum = document.createElement('tr');
  sum.append(document.createElement('td'), ...data.sum.map((text) => element('td', text)));
  find('tfoot').replaceChildren(sum);
  find('.notes').replaceChildren(...data.notes.map((text) => element('li', text)));
  draw();
});
// The head of the table stands below the toolbar, which takes as many lines as it needs.
new ResizeObserver(() => document.documentElement.style.setProperty('--tools-height', bar.offsetHeight + 'px')).observe(bar);
mark();
call('ready', []);
`;
