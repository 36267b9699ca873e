"""An application server made of the PyPI package pywebpush. Speaks as send.js does; "options" may hold TTL, urgency,
topic and contentEncoding, spelled as the npm package spells them."""

import base64
import json
import sys

from cryptography.hazmat.primitives import serialization
from py_vapid import Vapid
from pywebpush import WebPusher, WebPushException, webpush


def base64url(data):
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def keys():
    vapid = Vapid()
    vapid.generate_keys()
    point = vapid.public_key.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
    number = vapid.private_key.private_numbers().private_value
    return {"publicKey": base64url(point), "privateKey": base64url(number.to_bytes(32, "big"))}


def send(subscription, text, vapid, options):
    headers = {name: str(options[name]) for name in ("urgency", "topic") if name in options}
    more = {"content_encoding": options.get("contentEncoding", "aes128gcm"), "ttl": options.get("TTL", 0)}
    if not vapid:
        return WebPusher(subscription).send(text, headers, **more)
    claims = {"sub": "mailto:ops@example.com"}
    return webpush(subscription, text, vapid_private_key=vapid["privateKey"], vapid_claims=claims, headers=headers, **more)


def main():
    request = json.load(sys.stdin)
    if request["do"] == "keys":
        return keys()
    try:
        answer = send(request["subscription"], request["text"], request["vapid"], request["options"])
    except WebPushException as refused:
        answer = refused.response
    return {"status": answer.status_code, "headers": {k.lower(): v for k, v in answer.headers.items()}, "body": answer.text}


json.dump(main(), sys.stdout)
