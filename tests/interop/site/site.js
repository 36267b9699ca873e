// What a site's page does: registers its service worker, subscribes, and shows what the worker tells it.
'use strict';

const messages = [];
navigator.serviceWorker.addEventListener('message', (event) => messages.push(event.data));

function bytes(base64url) {
  const text = atob(base64url.replaceAll('-', '+').replaceAll('_', '/'));
  return Uint8Array.from(text, (c) => c.charCodeAt(0));
}

async function registration() {
  await navigator.serviceWorker.register('worker.js');
  return navigator.serviceWorker.ready;
}

async function subscribe(key) {
  const { pushManager } = await registration();
  const options = { userVisibleOnly: true, ...(key ? { applicationServerKey: bytes(key) } : {}) };
  return (await pushManager.subscribe(options)).toJSON();
}

async function subscription() {
  return (await (await registration()).pushManager.getSubscription())?.toJSON() ?? null;
}

async function unsubscribe() {
  return (await (await registration()).pushManager.getSubscription()).unsubscribe();
}
