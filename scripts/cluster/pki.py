"""Keys and certificates of a test cluster, made by the `openssl` program, valid for two days."""

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from cluster import ClusterError

DAYS = "2"
# Nothing of the machine's own openssl.cnf, which may add extensions a second time.
CONFIGURATION = "[req]\ndistinguished_name = name\nstring_mask = utf8only\n[name]\n"


@dataclass(frozen=True)
class Pair:
    """A certificate and its private key, as PEM files."""

    certificate: Path
    key: Path


@dataclass(frozen=True)
class Pki:
    """What a cluster needs: an authority, a server and an administrator that it vouches for, and the
    keys that sign the tokens of service accounts and verify them."""

    authority: Pair
    server: Pair
    admin: Pair
    token_key: Path
    token_public_key: Path


def make(directory):
    """A new PKI in a directory."""
    maker = Maker(directory)
    # Verifiers other than Go's insist that an authority says it may sign certificates.
    authority = maker.certificate(
        "authority",
        "/CN=logtriage-test-authority",
        ["basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign,cRLSign"],
    )
    server = maker.certificate(
        "server",
        "/CN=kube-apiserver",
        [
            "subjectAltName=IP:127.0.0.1,DNS:localhost,DNS:kubernetes.default.svc",
            *leaf("serverAuth"),
        ],
        authority,
    )
    admin = maker.certificate(
        "admin", "/O=system:masters/CN=test-admin", leaf("clientAuth"), authority
    )
    tokens = maker.key("tokens")
    return Pki(authority, server, admin, tokens, maker.public_key(tokens))


def leaf(purpose):
    """The extensions of a certificate that signs no other."""
    return [
        "basicConstraints=critical,CA:FALSE",
        "keyUsage=critical,digitalSignature",
        f"extendedKeyUsage={purpose}",
    ]


class Maker:
    """Writes keys and certificates into one directory."""

    def __init__(self, directory):
        self.directory = directory
        directory.mkdir(parents=True, exist_ok=True)
        self.configuration = directory / "openssl.cnf"
        self.configuration.write_text(CONFIGURATION, "utf-8")

    def key(self, name):
        """A new P-256 key."""
        path = self.directory / f"{name}.key"
        openssl(
            *("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:prime256v1"),
            *("-out", path),
        )
        return path

    def public_key(self, key):
        """The public half of a key."""
        path = key.with_suffix(".pub")
        openssl("pkey", "-in", key, "-pubout", "-out", path)
        return path

    def certificate(self, name, subject, extensions, authority=None):
        """A certificate for a new key, signed by itself or by an authority."""
        pair = Pair(self.directory / f"{name}.pem", self.key(name))
        command = ["req", "-x509", "-new", "-config", self.configuration, "-days", DAYS]
        command += ["-key", pair.key, "-subj", subject, "-out", pair.certificate]
        for extension in extensions:
            command += ["-addext", extension]
        if authority:
            command += ["-CA", authority.certificate, "-CAkey", authority.key]
        openssl(*command)
        return pair


def openssl(*arguments):
    """Run `openssl`, version 3 or newer: older ones cannot sign for another in one step."""
    if not shutil.which("openssl"):
        raise ClusterError("expected the program openssl, found none (Debian: package openssl)")
    command = ["openssl", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise ClusterError(f"`{' '.join(command)}` failed: {done.stderr.strip()[-500:]}")
