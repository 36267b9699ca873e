"""The key of an app, and an application server that holds it."""

import base64

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519

import herald


class Owner:
    def __init__(self):
        self.private = ed25519.Ed25519PrivateKey.generate()
        pem = self.private.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        self.pbkbase64 = base64.b64encode(pem).decode()

    def sign(self, text):
        return self.private.sign(text.encode()).hex()

    def post(self, url, text, **fields):
        return herald.post_json(url, {"message": text, "signature": self.sign(text), **fields})
