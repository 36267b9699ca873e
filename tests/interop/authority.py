"""A private certificate authority with a server certificate for loopback, and a Firefox profile that trusts it."""

import subprocess

import clients


def openssl(*arguments):
    clients.run([clients.need("openssl", "openssl"), *map(str, arguments)], "openssl")


def make(folder):
    """Returns the files (authority's certificate, server's certificate, server's key)."""
    authority, authority_key = folder / "authority.crt", folder / "authority.key"
    server, server_key, request, extensions = (folder / f"server.{ending}" for ending in ("crt", "key", "csr", "ext"))
    new_key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    openssl("req", "-x509", *new_key, "-days", "2", "-subj", "/CN=A private authority",
            "-addext", "keyUsage=critical,keyCertSign,cRLSign", "-keyout", authority_key, "-out", authority)
    openssl("req", *new_key, "-subj", "/CN=localhost", "-keyout", server_key, "-out", request)
    extensions.write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=serverAuth\nbasicConstraints=CA:FALSE\n")
    openssl("x509", "-req", "-in", request, "-CA", authority, "-CAkey", authority_key, "-CAcreateserial", "-days", "2",
            "-extfile", extensions, "-out", server)
    return authority, server, server_key


def trust(profile, authority):
    """Makes the Firefox profile trust that authority for servers."""
    profile.mkdir(parents=True, exist_ok=True)
    certutil, database = clients.need("certutil", "libnss3-tools"), f"sql:{profile}"
    subprocess.run([certutil, "-N", "-d", database, "--empty-password"], check=True)
    subprocess.run([certutil, "-A", "-d", database, "-n", "private", "-t", "C,,", "-i", str(authority)], check=True)
