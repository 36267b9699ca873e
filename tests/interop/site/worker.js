// The site's service worker: hands the decrypted text of each push to the open pages and to the site's server.
'use strict';

self.addEventListener('install', () => self.skipWaiting());
self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()));
self.addEventListener('push', (event) => event.waitUntil(received(event.data ? event.data.text() : null)));

async function received(text) {
  for (const page of await self.clients.matchAll({ includeUncontrolled: true })) page.postMessage(text);
  await fetch('received', { method: 'POST', body: JSON.stringify(text) });
}
