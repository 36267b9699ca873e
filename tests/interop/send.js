// An application server made of the npm package web-push. One request as JSON on stdin, one answer as JSON on stdout:
//   {"do": "keys"}                                          -> {publicKey, privateKey}
//   {"do": "send", subscription, text, vapid?, options?}    -> {status, headers, body}
'use strict';

const http = require('node:http');
const { text: whole } = require('node:stream/consumers');
const webpush = require('web-push');

// web-push itself sends over https only; what it would have sent goes over plain http here.
function post({ endpoint, method, headers, body }) {
  return new Promise((resolve, reject) => {
    const request = http.request(endpoint, { method, headers }, async (response) => {
      resolve({ status: response.statusCode, headers: response.headers, body: await whole(response) });
    });
    request.on('error', reject);
    request.end(body);
  });
}

async function sendNotification(subscription, text, options) {
  try {
    const { statusCode, headers, body } = await webpush.sendNotification(subscription, text, options);
    return { status: statusCode, headers, body };
  } catch (error) {
    if (!(error instanceof webpush.WebPushError)) throw error;
    return { status: error.statusCode, headers: error.headers, body: error.body };
  }
}

async function main() {
  const request = JSON.parse(await whole(process.stdin));
  if (request.do === 'keys') return webpush.generateVAPIDKeys();
  const { subscription, text } = request;
  const options = { ...request.options };
  if (request.vapid) options.vapidDetails = { subject: 'mailto:ops@example.com', ...request.vapid };
  if (subscription.endpoint.startsWith('https:')) return sendNotification(subscription, text, options);
  return post(webpush.generateRequestDetails(subscription, text, options));
}

main().then((value) => console.log(JSON.stringify(value)), (error) => {
  console.error(error);
  process.exit(1);
});
