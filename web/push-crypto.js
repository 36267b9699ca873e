// What an application server does to a Web Push message: encryption (RFC 8291, aes128gcm) and the VAPID signature (RFC 8292).

const SIGNATURE_SECONDS = 12 * 3600;
const RECORD_BYTES = 4096;
const P256 = { namedCurve: 'P-256' };
const utf8 = (text) => new TextEncoder().encode(text);

export function toBase64url(buffer) {
  return btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

export function fromBase64url(text) {
  return Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (c) => c.charCodeAt(0));
}

function concat(...parts) {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  parts.reduce((at, part) => { whole.set(part, at); return at + part.length; }, 0);
  return whole;
}

async function hkdf(salt, secret, info, bytes) {
  const key = await crypto.subtle.importKey('raw', secret, 'HKDF', false, ['deriveBits']);
  return new Uint8Array(await crypto.subtle.deriveBits({ name: 'HKDF', hash: 'SHA-256', salt, info }, key, 8 * bytes));
}

// The body of a push of `text` to the subscription with these keys (base64url, as PushSubscription.toJSON() gives them).
export async function encrypt({ p256dh, auth }, text) {
  const browserPoint = fromBase64url(p256dh);
  const browserKey = await crypto.subtle.importKey('raw', browserPoint, { name: 'ECDH', ...P256 }, false, []);
  const own = await crypto.subtle.generateKey({ name: 'ECDH', ...P256 }, false, ['deriveBits']);
  const ownPoint = new Uint8Array(await crypto.subtle.exportKey('raw', own.publicKey));
  const shared = new Uint8Array(await crypto.subtle.deriveBits({ name: 'ECDH', public: browserKey }, own.privateKey, 256));
  const secret = await hkdf(fromBase64url(auth), shared, concat(utf8('WebPush: info\0'), browserPoint, ownPoint), 32);

  const salt = crypto.getRandomValues(new Uint8Array(16));
  const keyBytes = await hkdf(salt, secret, utf8('Content-Encoding: aes128gcm\0'), 16);
  const iv = await hkdf(salt, secret, utf8('Content-Encoding: nonce\0'), 12);
  const key = await crypto.subtle.importKey('raw', keyBytes, 'AES-GCM', false, ['encrypt']);
  const lastRecord = concat(utf8(text), Uint8Array.of(2));
  const sealed = new Uint8Array(await crypto.subtle.encrypt({ name: 'AES-GCM', iv }, key, lastRecord));
  const head = new Uint8Array(5);
  new DataView(head.buffer).setUint32(0, RECORD_BYTES);
  head[4] = ownPoint.length;
  return concat(salt, head, ownPoint, sealed);
}

// A key pair to sign with, as JWKs that can be kept: {publicJwk, privateJwk}.
export async function newSigningKeys() {
  const pair = await crypto.subtle.generateKey({ name: 'ECDSA', ...P256 }, true, ['sign', 'verify']);
  const [publicJwk, privateJwk] = await Promise.all([pair.publicKey, pair.privateKey].map((k) => crypto.subtle.exportKey('jwk', k)));
  return { publicJwk, privateJwk };
}

// The uncompressed point of the public key: what a subscription is restricted to.
export function publicPoint({ publicJwk: { x, y } }) {
  return concat(Uint8Array.of(4), fromBase64url(x), fromBase64url(y));
}

// The value of Authorization for a push to that endpoint.
export async function authorization(endpoint, keys) {
  const part = (value) => toBase64url(utf8(JSON.stringify(value)));
  const exp = Math.floor(Date.now() / 1000) + SIGNATURE_SECONDS;
  const signed = `${part({ typ: 'JWT', alg: 'ES256' })}.${part({ aud: new URL(endpoint).origin, exp, sub: 'mailto:try-it-page@example.com' })}`;
  const key = await crypto.subtle.importKey('jwk', keys.privateJwk, { name: 'ECDSA', ...P256 }, false, ['sign']);
  const signature = await crypto.subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, key, utf8(signed));
  return `vapid t=${signed}.${toBase64url(signature)}, k=${toBase64url(publicPoint(keys))}`;
}
