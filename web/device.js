// A device of the 2012 flow: gets a token, registers over WebSocket, registers one app, shows and acks what arrives.
import { Inbox, memory } from './inbox.js';

const RETRY_FIRST_MS = 500;
const RETRY_MOST_MS = 15000;
const RECEIPT_DELAYS_MS = [100, 300, 700, 1500, 4000, 10000];

const $ = (id) => document.getElementById(id);
// Where the server's paths begin: behind a proxy that maps a prefix, not at the root.
const base = new URL('.', document.baseURI);

const device = { socket: null, url: '', path: '', awake: true, retry: RETRY_FIRST_MS, timer: 0, seen: new Set(), received: 0, repeats: 0, replies: [] };

function show(state, text) {
  $('state').dataset.state = state;
  $('state-text').textContent = text;
}

function randomHex(bytes) {
  return Array.from(crypto.getRandomValues(new Uint8Array(bytes)), (b) => b.toString(16).padStart(2, '0')).join('');
}

function watoken() {
  let token = memory.getItem('herald.watoken');
  if (!token) { token = 'page-' + randomHex(16); memory.setItem('herald.watoken', token); }
  return token;
}

async function uatoken() {
  let token = memory.getItem('herald.uatoken');
  if (!token) {
    const answer = await fetch('token', { cache: 'no-store' });
    if (!answer.ok) throw new Error(`no token: HTTP ${answer.status}`);
    token = await answer.text();
    memory.setItem('herald.uatoken', token);
  }
  return token;
}

async function connect() {
  clearTimeout(device.timer);
  show('starting', 'Connecting');
  let token;
  try { token = await uatoken(); }
  catch { retryLater('No answer from the server'); return; }
  if (!device.awake) return;
  const socket = new WebSocket(base.href.replace(/^http/, 'ws'), 'push-notification');
  device.socket = socket;
  // Replies come in the order of the requests: OK, then the bare URL.
  device.replies = [onRegistered, onUrl];
  socket.onopen = () => {
    socket.send(JSON.stringify({ data: { uatoken: token }, command: 'register/ua' }));
    socket.send(JSON.stringify({ data: { uatoken: token, watoken: watoken() }, command: 'register/wa' }));
  };
  socket.onmessage = (event) => onFrame(String(event.data));
  socket.onclose = ({ reason }) => {
    if (device.socket !== socket) return;
    device.socket = null;
    $('since').textContent = 'not now';
    if (device.awake && reason === 'taken over') { takenOver(); return; }
    if (device.awake) retryLater('Connection lost');
  };
}

// To connect again would take the device back, and the other client would do the same.
function takenOver() {
  device.awake = false;
  $('toggle').textContent = 'Wake up here';
  show('failed', 'Another tab or client with the same token took over. It gets the notifications now.');
}

function retryLater(why) {
  const wait = device.retry * (0.5 + Math.random());
  device.retry = Math.min(device.retry * 2, RETRY_MOST_MS);
  show('lost', `${why}; trying again`);
  device.timer = setTimeout(connect, wait);
}

function onRegistered() {
  device.retry = RETRY_FIRST_MS;
  $('since').textContent = new Date().toLocaleTimeString();
}

function onUrl(url) {
  device.url = url;
  // By this page's way to the server, which its public URL may not be.
  device.path = base.pathname + url.slice(url.lastIndexOf('/notify/') + 1);
  $('url').textContent = url;
  $('curl').textContent = `curl -d '${JSON.stringify({ id: 'hello-1', message: 'Hello from a terminal' })}' \\\n${url}`;
  show('ready', 'Ready');
  clearError($('send-result'));
  clearError($('wp-send-result'));
}

// What failed while the server was away says nothing of now.
function clearError(result) {
  if (!('bad' in result.dataset)) return;
  delete result.dataset.bad;
  result.textContent = '';
}

function onFrame(text) {
  if (text.startsWith('[')) { JSON.parse(text).forEach(onNotification); return; }
  if (text.startsWith('{')) {
    const { error } = JSON.parse(text);
    if (error && /token/i.test(error)) { memory.removeItem('herald.uatoken'); return; }
    if (error) show('failed', error);
    return;
  }
  const reply = device.replies.shift();
  if (reply) reply(text);
}

function onNotification(notification) {
  const { messageId } = notification;
  if (device.socket) device.socket.send(JSON.stringify({ messageType: 'ack', messageId }));
  if (device.seen.has(messageId)) { $('repeats').textContent = ++device.repeats; return; }
  device.seen.add(messageId);
  $('received').textContent = ++device.received;
  const { message } = notification;
  const entry = {
    messageId,
    name: String(notification.id ?? messageId),
    text: typeof message === 'string' ? message : JSON.stringify(message, null, 2),
    priority: notification.priority ?? 1,
    at: new Date().toISOString(),
    receipt: `${device.path}/messages/${messageId}`,
    state: 'pending',
  };
  followReceipt(entry, inbox.add(entry));
}

function makeItem(entry) {
  const item = $('notification').content.firstElementChild.cloneNode(true);
  item.querySelector('.message-id').textContent = entry.name;
  item.querySelector('.priority').textContent = `priority ${entry.priority}`;
  item.querySelector('.receipt').href = entry.receipt;
  showReceipt(entry, item);
  return item;
}

function showReceipt({ state }, item) {
  item.querySelector('.receipt').dataset.state = state;
  item.querySelector('.receipt-state').textContent = state;
}

async function followReceipt(entry, item) {
  for (const delay of RECEIPT_DELAYS_MS) {
    await new Promise((done) => setTimeout(done, delay));
    try {
      const answer = await fetch(entry.receipt, { cache: 'no-store' });
      if (!answer.ok) continue;
      entry.state = (await answer.json()).state;
      showReceipt(entry, item);
      inbox.save();
      if (entry.state !== 'pending' && entry.state !== 'sent') return;
    } catch { /* the server is away: the next look may find it */ }
  }
}

async function send(event) {
  event.preventDefault();
  const result = $('send-result');
  const fail = (text) => { result.dataset.bad = ''; result.textContent = text; };
  delete result.dataset.bad;
  result.textContent = '';
  if (!device.path) { fail('The device has no URL yet.'); return; }
  const body = { message: $('message').value, priority: Number($('priority').value), timestamp: Date.now() };
  if ($('id').value) body.id = $('id').value;
  if ($('ttl').value) body.ttl = Number($('ttl').value);
  try {
    const answer = await fetch(device.path, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) });
    const said = await answer.json().catch(() => ({}));
    if (answer.ok) result.textContent = 'Accepted: it is on disk.';
    else fail(`Refused (${answer.status}): ${said.reason ?? 'no reason given'}`);
  } catch { fail('The server did not answer.'); }
}

async function copy(event) {
  const button = event.currentTarget;
  const source = $(button.dataset.copy);
  try { await navigator.clipboard.writeText(source.textContent); }
  catch {
    const range = document.createRange();
    range.selectNodeContents(source);
    getSelection().removeAllRanges();
    getSelection().addRange(range);
    button.textContent = 'Selected';
    setTimeout(() => { button.textContent = 'Copy'; }, 1500);
    return;
  }
  button.textContent = 'Copied';
  setTimeout(() => { button.textContent = 'Copy'; }, 1500);
}

function sleepOrWake() {
  device.awake = !device.awake;
  $('toggle').textContent = device.awake ? 'Put to sleep' : 'Wake up';
  if (device.awake) { device.retry = RETRY_FIRST_MS; connect(); return; }
  clearTimeout(device.timer);
  const socket = device.socket;
  device.socket = null;
  if (socket) socket.close(1000);
  $('since').textContent = 'not now';
  show('asleep', 'Asleep');
}

function forget() {
  memory.removeItem('herald.uatoken');
  memory.removeItem('herald.watoken');
  const socket = device.socket;
  device.socket = null;
  if (socket) socket.close(1000);
  device.awake = true;
  $('toggle').textContent = 'Put to sleep';
  $('url').textContent = '…';
  $('curl').textContent = '…';
  device.path = '';
  connect();
}

for (const part of ['main', 'state']) $(part).hidden = false;
const inbox = new Inbox({ name: 'list', tab: 'tab-device', make: makeItem });
for (const { messageId } of inbox.entries) device.seen.add(messageId);
device.received = inbox.entries.length;
$('received').textContent = device.received;
$('send').addEventListener('submit', send);
$('toggle').addEventListener('click', sleepOrWake);
$('forget').addEventListener('click', forget);
for (const button of document.querySelectorAll('[data-copy]')) button.addEventListener('click', copy);
connect();
