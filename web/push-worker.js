// The try-it page's service worker: tells the open pages of a push; when none is in sight, the desktop.
'use strict';

self.addEventListener('install', () => self.skipWaiting());
self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()));
self.addEventListener('push', (event) => event.waitUntil(show(event.data ? event.data.text() : null)));
self.addEventListener('notificationclick', (event) => {
  event.notification.close();
  event.waitUntil(self.clients.openWindow('./#webpush'));
});

async function show(text) {
  const pages = await self.clients.matchAll({ type: 'window', includeUncontrolled: true });
  for (const page of pages) page.postMessage({ push: text });
  if (pages.some((page) => page.visibilityState === 'visible')) return;
  await self.registration.showNotification('Herald', { body: text ?? 'A push without a payload', icon: 'icon.svg' });
}
