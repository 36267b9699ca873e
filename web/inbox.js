// The lists of notifications: kept over a reload, within bounds; what is not in view is counted, in the title too, and told by a toast.

const KEPT_MOST = 50;
const KEPT_CHARACTERS_MOST = 100000;
const SHOWN_MAX = 200;
const TOAST_MS = 8000;
const TITLE = document.title;
const $ = (id) => document.getElementById(id);

// localStorage, or for browsers that refuse it a memory that lasts as long as the page.
export const memory = (() => {
  try { localStorage.setItem('herald.probe', '1'); localStorage.removeItem('herald.probe'); return localStorage; }
  catch { const kept = new Map(); return { getItem: (k) => kept.get(k) ?? null, setItem: (k, v) => kept.set(k, v), removeItem: (k) => kept.delete(k) }; }
})();

const inboxes = [];
let toastTimer = 0;
let toastOf = null;

function showTitle() {
  const unseen = inboxes.reduce((sum, inbox) => sum + inbox.unseen, 0);
  document.title = unseen ? `(${unseen}) ${TITLE}` : TITLE;
}

function hideToast() {
  clearTimeout(toastTimer);
  $('toast').hidden = true;
}

function toast(inbox, text) {
  toastOf = inbox;
  $('toast-count').textContent = inbox.unseen === 1 ? 'New notification' : `${inbox.unseen} new notifications`;
  $('toast-text').textContent = text;
  $('toast').hidden = false;
  clearTimeout(toastTimer);
  toastTimer = setTimeout(hideToast, TOAST_MS);
}

export class Inbox {
  // `make(entry)` gives the list item of an entry: {at, text, …}, values that JSON keeps.
  constructor({ name, tab, make }) {
    this.key = `herald.inbox.${name}`;
    this.tab = $(tab);
    this.list = $(name);
    this.heading = $(this.list.dataset.heading);
    this.count = $(this.list.dataset.count);
    this.empty = $(this.list.dataset.empty);
    this.clearing = $(this.list.dataset.clear);
    this.make = make;
    this.entries = [];
    this.unseen = 0;
    // In view: more than a sliver of the newest one.
    this.observer = new IntersectionObserver(([seen]) => this.#looked(seen.isIntersecting), { rootMargin: '0px 0px -40px 0px' });
    this.clearing.addEventListener('click', () => this.clear());
    document.addEventListener('visibilitychange', () => this.#watchNewest());
    inboxes.push(this);
    this.#restore();
  }

  // Shows an entry that came now; answers its list item.
  add(entry) {
    this.unseen += 1;
    this.fresh = entry;
    const item = this.#place(entry);
    this.save();
    this.#show();
    this.#watchNewest();
    return item;
  }

  // After an entry changed.
  save() {
    let kept = this.entries.slice(0, KEPT_MOST);
    let text = JSON.stringify(kept);
    while (text.length > KEPT_CHARACTERS_MOST) {
      kept = kept.slice(0, -1);
      text = JSON.stringify(kept);
    }
    try { memory.setItem(this.key, text); } catch { /* the browser keeps no more: the page still shows it */ }
  }

  clear() {
    this.entries = [];
    this.list.replaceChildren();
    memory.removeItem(this.key);
    this.#seen();
    this.heading.focus();
  }

  reveal() {
    this.tab.click();
    this.heading.scrollIntoView({ block: 'start' });
    this.heading.focus({ preventScroll: true });
  }

  #restore() {
    try {
      for (const entry of JSON.parse(memory.getItem(this.key) ?? '[]').reverse()) this.#place(entry).classList.add('kept');
    } catch { memory.removeItem(this.key); }
    this.#show();
  }

  #place(entry) {
    const item = this.make(entry);
    const at = item.querySelector('time');
    at.dateTime = entry.at;
    at.textContent = timeOf(new Date(entry.at));
    item.querySelector('.body').textContent = entry.text;
    this.entries.unshift(entry);
    this.list.prepend(item);
    this.entries.length = Math.min(this.entries.length, SHOWN_MAX);
    while (this.list.childElementCount > SHOWN_MAX) this.list.lastElementChild.remove();
    return item;
  }

  #watchNewest() {
    this.observer.disconnect();
    if (this.list.firstElementChild) this.observer.observe(this.list.firstElementChild);
  }

  #looked(inView) {
    if (inView && !document.hidden) return this.#seen();
    if (this.fresh) toast(this, this.fresh.text);
    this.fresh = null;
  }

  #seen() {
    this.unseen = 0;
    this.fresh = null;
    if (toastOf === this) hideToast();
    this.#show();
  }

  #show() {
    this.empty.hidden = this.entries.length > 0;
    this.clearing.hidden = this.entries.length === 0;
    this.count.hidden = this.unseen === 0;
    this.count.textContent = `${this.unseen} new`;
    showTitle();
  }
}

function timeOf(date) {
  const today = date.toDateString() === new Date().toDateString();
  return today ? date.toLocaleTimeString() : date.toLocaleString();
}

$('toast-show').addEventListener('click', () => { hideToast(); toastOf.reveal(); });
$('toast-close').addEventListener('click', hideToast);
