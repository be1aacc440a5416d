// The script of the page with all VMs. It makes text of what it is told, keeps what is chosen, sorted and focused while
// the rows change, and asks for commands. Nothing from outside is in it.

/** Space: what takes the disk stands first. */
export const vmsScript = `
const api = acquireVsCodeApi();
const main = document.querySelector('main');
const body = document.querySelector('tbody');
const heads = [...document.querySelectorAll('.sort')];
const all = document.querySelector('.all');
const tools = [...document.querySelectorAll('[data-command]')];
const left = api.getState() ?? {};
const sort = left.sort ?? { at: 4, down: true };
const chosen = new Set(left.chosen ?? []);
const bar = document.querySelector('.tools');
let rows = [];
let last;
const keep = () => api.setState({ sort, chosen: [...chosen] });
const element = (tag, text, className = '') => Object.assign(document.createElement(tag), { textContent: text, className });
const order = (a, b) => {
  const [one, other] = [a.cells[sort.at].sort, b.cells[sort.at].sort];
  const by = typeof one === 'string' ? one.localeCompare(other, undefined, { numeric: true }) : one - other;
  return (sort.down ? -by : by) || a.cells[0].text.localeCompare(b.cells[0].text, undefined, { numeric: true });
};
function rowOf({ key, cells }) {
  const row = document.createElement('tr');
  const box = Object.assign(document.createElement('input'), { type: 'checkbox', checked: chosen.has(key), ariaLabel: cells[0].text });
  box.dataset.key = key;
  box.addEventListener('click', ({ shiftKey }) => {
    const keys = rows.map((one) => one.key);
    const [from, to] = [keys.indexOf(shiftKey ? last : key), keys.indexOf(key)].sort((a, b) => a - b);
    for (const one of keys.slice(from < 0 ? to : from, to + 1)) box.checked ? chosen.add(one) : chosen.delete(one);
    last = key;
    mark();
  });
  row.append(document.createElement('td'));
  row.firstChild.append(box);
  cells.forEach(({ text, note }, at) => {
    const cell = document.createElement(at === 0 ? 'th' : 'td');
    if (at === 0) {
      cell.scope = 'row';
      const show = element('button', text, 'name');
      show.type = 'button';
      show.title = main.dataset.show;
      show.dataset.key = key;
      show.addEventListener('click', () => api.postMessage({ command: 'virtRewind.showPicture', vms: [key] }));
      cell.append(show);
    } else {
      cell.append(text);
    }
    if (note !== undefined) cell.append(element('small', note));
    row.append(cell);
  });
  return row;
}
function mark() {
  for (const box of body.querySelectorAll('input')) {
    box.checked = chosen.has(box.dataset.key);
    box.closest('tr').classList.toggle('chosen', box.checked);
  }
  all.checked = chosen.size > 0 && chosen.size === rows.length;
  all.indeterminate = chosen.size > 0 && !all.checked;
  tools.forEach((tool) => (tool.disabled = chosen.size === 0));
  document.querySelector('[role=status]').textContent = main.dataset.chosen.replace('{0}', String(chosen.size));
  keep();
}
function draw() {
  const { dataset, tagName } = document.activeElement ?? {};
  rows.sort(order);
  body.replaceChildren(...rows.map(rowOf));
  heads.forEach((head, at) => head.closest('th').setAttribute('aria-sort', at !== sort.at ? 'none' : sort.down ? 'descending' : 'ascending'));
  if (dataset?.key !== undefined) [...body.querySelectorAll(tagName)].find((one) => one.dataset.key === dataset.key)?.focus();
  mark();
}
heads.forEach((head, at) => head.addEventListener('click', () => {
  sort.down = sort.at === at ? !sort.down : at > 1;
  sort.at = at;
  draw();
}));
all.addEventListener('click', () => {
  rows.forEach(({ key }) => (all.checked ? chosen.add(key) : chosen.delete(key)));
  mark();
});
tools.forEach((tool) => tool.addEventListener('click', () => {
  const vms = rows.filter(({ key }) => chosen.has(key)).map(({ key }) => key);
  api.postMessage({ command: tool.dataset.command, vms });
}));
addEventListener('message', ({ data }) => {
  rows = data.rows;
  const keys = new Set(rows.map(({ key }) => key));
  for (const key of [...chosen]) if (!keys.has(key)) chosen.delete(key);
  const sum = document.createElement('tr');
  sum.append(document.createElement('td'), ...data.sum.map((text) => element('td', text)));
  document.querySelector('tfoot').replaceChildren(sum);
  document.querySelector('.notes').replaceChildren(...data.notes.map((text) => element('li', text)));
  draw();
});
// The head of the table stands below the toolbar, which takes as many lines as it needs.
new ResizeObserver(() => document.documentElement.style.setProperty('--tools-height', bar.offsetHeight + 'px')).observe(bar);
mark();
api.postMessage({ command: 'ready', vms: [] });
`;
