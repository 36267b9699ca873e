// The Web Push tab: subscribes this browser with the push service that the browser has, tells whose that is, and sends to it.
import { Inbox } from './inbox.js';
import { authorization, encrypt, newSigningKeys, publicPoint, toBase64url } from './push-crypto.js';

const KEYS = 'herald.vapid';
const $ = (id) => document.getElementById(id);
// As in device.js.
const base = new URL('.', document.baseURI);

let subscription = null;

function state(name, text) {
  $('wp-state').dataset.state = name;
  $('wp-state-text').textContent = text;
}

function say(text, bad = false) {
  $('wp-whose').textContent = text;
  $('wp-whose').toggleAttribute('data-bad', bad);
}

// Why this browser can't subscribe here, or '' if it can.
function obstacle() {
  if (!isSecureContext) return `Browsers allow Web Push on https:// and on localhost only; this page came over ${location.protocol}//${location.host}.`;
  if (!('serviceWorker' in navigator)) return 'This browser gives the page no service workers (a private window does that); without them there is no Web Push.';
  if (!('PushManager' in window)) return 'This browser has no Web Push.';
  if (Notification.permission === 'denied') return 'This browser refuses notifications from this site; allow them in its settings for the site, then reload.';
  return '';
}

async function signingKeys() {
  const kept = localStorage.getItem(KEYS);
  if (kept) return JSON.parse(kept);
  const keys = await newSigningKeys();
  localStorage.setItem(KEYS, JSON.stringify(keys));
  return keys;
}

// The origins under which this server is known: the page's, and that of the URLs it hands out.
function isHerald(endpoint) {
  const told = $('url').textContent;
  const origins = [location.origin, ...(URL.canParse?.(told) ? [new URL(told).origin] : [])];
  return origins.includes(new URL(endpoint).origin);
}

function whose(endpoint) {
  if (isHerald(endpoint)) return 'The push service of this browser is this Herald. What is sent goes through it, and it cannot read it.';
  return `The push service of this browser is ${new URL(endpoint).host}, which its maker chose; a page cannot choose another. `
    + 'Pushes to this browser do not pass through Herald: senders post to that host, and so does the curl line. '
    + 'To receive through Herald, take a Firefox and make Herald its push service, as below.';
}

async function showSubscription() {
  const subscribed = subscription !== null;
  $('wp-subscribe').hidden = subscribed;
  for (const id of ['wp-unsubscribe', 'wp-subscribed']) $(id).hidden = !subscribed;
  $('wp-send-card').hidden = !subscribed || !isHerald(subscription.endpoint);
  if (!subscribed) {
    state('asleep', 'Not subscribed');
    return;
  }
  const { endpoint } = subscription;
  say(whose(endpoint));
  $('wp-subscription').textContent = JSON.stringify(subscription, null, 2);
  const signature = await authorization(endpoint, await signingKeys());
  $('wp-curl').textContent = `curl -X POST -H 'TTL: 60' -H 'Authorization: ${signature}' \\\n'${endpoint}'`;
  state('ready', isHerald(endpoint) ? 'Subscribed through Herald' : `Subscribed through ${new URL(endpoint).host}`);
}

// A subscription made with another key than the one kept is of no use to this page.
async function withOurKey(found, point) {
  if (!found) return null;
  const { applicationServerKey } = found.options;
  if (applicationServerKey && toBase64url(applicationServerKey) === toBase64url(point)) return found;
  await found.unsubscribe();
  return null;
}

async function subscribe() {
  $('wp-subscribe').disabled = true;
  state('starting', 'Subscribing');
  say('');
  try {
    if (await Notification.requestPermission() !== 'granted') throw new Error('notifications from this site are not allowed');
    const point = publicPoint(await signingKeys());
    await navigator.serviceWorker.register('push-worker.js');
    const { pushManager } = await navigator.serviceWorker.ready;
    subscription = await withOurKey(await pushManager.getSubscription(), point)
      ?? await pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: point });
    await showSubscription();
  } catch (error) {
    state('failed', 'Not subscribed');
    say(obstacle() || `The browser did not subscribe: ${error.message}. It asks its own push service, which must be reachable from here.`, true);
  }
  $('wp-subscribe').disabled = false;
}

async function unsubscribe() {
  try {
    await subscription.unsubscribe();
    subscription = null;
    say('Unsubscribed. The push service answers senders with 410 from now on.');
    await showSubscription();
  } catch (error) { say(`The browser did not unsubscribe: ${error.message}`, true); }
}

function refusal(answer, said) {
  const wait = answer.headers.get('Retry-After');
  return `Refused (${answer.status}): ${said.message ?? said.error ?? 'no reason given'}${wait ? `; try again in ${wait} s` : ''}`;
}

async function send(event) {
  event.preventDefault();
  const result = $('wp-send-result');
  result.toggleAttribute('data-bad', false);
  result.textContent = '';
  const { endpoint, keys } = subscription.toJSON();
  const text = $('wp-message').value;
  const headers = { TTL: $('wp-ttl').value, Urgency: $('wp-urgency').value };
  if (text) headers['Content-Encoding'] = 'aes128gcm';
  if ($('wp-topic').value) headers.Topic = $('wp-topic').value;
  try {
    headers.Authorization = await authorization(endpoint, await signingKeys());
    const body = text ? await encrypt(keys, text) : undefined;
    const answer = await fetch(base.pathname + endpoint.slice(endpoint.lastIndexOf('/wpush/') + 1), { method: 'POST', headers, body });
    if (answer.ok) result.textContent = headers.TTL === '0' ? 'Accepted: delivered now or never.' : 'Accepted: it is on disk.';
    else { result.toggleAttribute('data-bad', true); result.textContent = refusal(answer, await answer.json().catch(() => ({}))); }
  } catch (error) {
    result.toggleAttribute('data-bad', true);
    result.textContent = `The server did not answer: ${error.message}`;
  }
}

function onPush({ data }) {
  if (!data || !('push' in data)) return;
  inbox.add({
    text: data.push ?? '(no payload)',
    service: subscription ? `through ${new URL(subscription.endpoint).host}` : '',
    at: new Date().toISOString(),
  });
}

function makeItem(entry) {
  const item = $('push').content.firstElementChild.cloneNode(true);
  item.querySelector('.service').textContent = entry.service;
  return item;
}

const inbox = new Inbox({ name: 'wp-list', tab: 'tab-webpush', make: makeItem });

function preferences() {
  const url = base.href.replace(/^http/, 'ws');
  return `dom.push.serverURL = ${url}` + (url.startsWith('ws:') ? '\ndom.push.testing.allowInsecureServerURL = true' : '');
}

async function start() {
  $('wp-preferences').textContent = preferences();
  $('wp-subscribe').addEventListener('click', subscribe);
  $('wp-unsubscribe').addEventListener('click', unsubscribe);
  $('wp-send').addEventListener('submit', send);
  state('asleep', 'Not subscribed');
  if (obstacle()) {
    state('failed', 'Not possible here');
    say(obstacle(), true);
    $('wp-subscribe').disabled = true;
    return;
  }
  navigator.serviceWorker.addEventListener('message', onPush);
  navigator.serviceWorker.startMessages();
  const registration = await navigator.serviceWorker.getRegistration();
  const found = await registration?.pushManager.getSubscription();
  if (found && localStorage.getItem(KEYS)) {
    subscription = await withOurKey(found, publicPoint(await signingKeys()));
    await showSubscription();
  }
}

start();
