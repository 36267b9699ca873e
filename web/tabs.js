// Tabs by mouse and by arrow keys; the address's fragment names the open one.

const tabs = [...document.querySelectorAll('[role=tab]')];

function open(tab) {
  for (const other of tabs) {
    const chosen = other === tab;
    other.setAttribute('aria-selected', String(chosen));
    other.tabIndex = chosen ? 0 : -1;
    document.getElementById(other.getAttribute('aria-controls')).hidden = !chosen;
  }
}

function named() {
  return tabs.find((tab) => location.hash === '#' + tab.id.replace('tab-', ''));
}

function choose(tab) {
  history.replaceState(null, '', '#' + tab.id.replace('tab-', ''));
  open(tab);
}

function onKey(event) {
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!step) return;
  const next = tabs[(tabs.indexOf(event.currentTarget) + step + tabs.length) % tabs.length];
  choose(next);
  next.focus();
}

for (const tab of tabs) {
  tab.addEventListener('click', () => choose(tab));
  tab.addEventListener('keydown', onKey);
}
addEventListener('hashchange', () => open(named() ?? tabs[0]));
if (named()) open(named());
