// Shows what a link answers, which is JSON, for people: rows, and tables for lists. The page stays, and so does its connection.

const $ = (id) => document.getElementById(id);

// acceptedAt -> accepted at
const label = (key) => key.replace(/([a-z])([A-Z])/g, '$1 $2').replaceAll('_', ' ').toLowerCase();
const isTime = (value) => typeof value === 'string' && /^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(value);
const isRow = (value) => value !== null && typeof value === 'object';

function textOf(value) {
  if (value === null) return 'none';
  if (value === true) return 'yes';
  if (value === false) return 'no';
  if (isTime(value)) return new Date(value).toLocaleString();
  return String(value);
}

function table(rows) {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const out = document.createElement('table');
  const head = out.createTHead().insertRow();
  for (const column of columns) {
    const cell = document.createElement('th');
    cell.scope = 'col';
    cell.textContent = label(column);
    head.append(cell);
  }
  const body = out.createTBody();
  for (const row of rows) {
    const line = body.insertRow();
    for (const column of columns) line.insertCell().textContent = column in row ? textOf(row[column]) : '';
  }
  return out;
}

function valueOf(value) {
  if (Array.isArray(value) && value.length && value.every((entry) => isRow(entry) && !Array.isArray(entry))) return table(value);
  if (Array.isArray(value)) return document.createTextNode(value.map(textOf).join(', ') || 'none');
  if (isRow(value)) return Object.keys(value).length ? rows(value) : document.createTextNode('none');
  return document.createTextNode(textOf(value));
}

function rows(object) {
  const out = document.createElement('dl');
  for (const [key, value] of Object.entries(object)) {
    const name = document.createElement('dt');
    const what = document.createElement('dd');
    name.textContent = label(key);
    what.append(valueOf(value));
    out.append(name, what);
  }
  return out;
}

async function show(link) {
  $('view-title').textContent = link.dataset.view;
  $('view-raw').href = link.href;
  $('view-body').textContent = 'Asking the server…';
  $('view').showModal();
  try {
    const answer = await fetch(link.href, { cache: 'no-store' });
    const said = await answer.json();
    $('view-body').replaceChildren(isRow(said) ? rows(said) : textOf(said));
  } catch {
    $('view-body').textContent = 'The server did not answer. Try again when it is back.';
  }
}

document.addEventListener('click', (event) => {
  const link = event.target.closest?.('a[data-view]');
  if (!link || event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  show(link);
});
$('view-close').addEventListener('click', () => $('view').close());
// A click beside it closes it too.
$('view').addEventListener('click', (event) => { if (event.target === $('view')) $('view').close(); });
