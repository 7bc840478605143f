"""A real nginx with the site of `deploy/`, on ports and with a certificate of its own."""

import datetime as dt
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from .ports import free_ports

ROOT = Path(__file__).resolve().parents[2]
SITE = ROOT / "deploy" / "nginx-site.conf"
NAME = "portal.example.org"
MAIN = """
{user}
worker_processes 2;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/site.conf;
}}
"""


def binary() -> str:
    """The path of nginx; without it, skip the test, or fail in CI."""
    found = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")
    if found is None:
        if os.environ.get("CI"):
            pytest.fail("nginx is missing; CI must have it")
        pytest.skip("nginx is not installed")
    return found


class Nginx:
    """Starts with the site's own lines; what differs is where it listens and whom it asks."""

    def __init__(self, folder: Path, hosts: Sequence[int], *, started: bool = True) -> None:
        self._program = binary()
        folder.mkdir()
        self.folder = folder
        self.certificate = folder / "fullchain.pem"
        _make_certificate(self.certificate, folder / "key.pem")
        self.port, self.plain = free_ports(2)
        self._hosts = hosts
        self._process: subprocess.Popen[bytes] | None = None
        if started:
            self.start(self.adapted(SITE.read_text()))

    def adapted(self, site: str) -> str:
        """The site with our ports, hosts and certificate: what an operator writes into it."""
        for name, port in zip(("10.0.0.11:8000", "10.0.0.12:8000"), self._hosts, strict=True):
            site = _replaced(site, name, f"127.0.0.1:{port}")
        site = _replaced(site, "listen 80;", f"listen 127.0.0.1:{self.plain};")
        site = _replaced(site, "listen 443 ", f"listen 127.0.0.1:{self.port} ")
        return _replaced(site, "/etc/ssl/portal", str(self.folder))

    def write(self, site: str) -> list[Path | str]:
        """Write the configuration with this site, and return the command that reads it."""
        (self.folder / "site.conf").write_text(site)
        user = "user root;" if os.geteuid() == 0 else ""
        (self.folder / "nginx.conf").write_text(MAIN.format(folder=self.folder, user=user))
        return [self._program, "-p", self.folder, "-c", self.folder / "nginx.conf"]

    def start(self, site: str) -> None:
        """Start with this site, and wait until it answers."""
        command = [*self.write(site), "-g", "daemon off;"]
        self._process = subprocess.Popen(command, stderr=subprocess.PIPE)
        self._wait()

    def _wait(self, seconds: float = 20) -> None:
        deadline = time.monotonic() + seconds
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
            except OSError:
                gone = self._process is None or self._process.poll() is not None
                if gone or time.monotonic() > deadline:
                    self.stop()
                    raise
                time.sleep(0.05)
            else:
                return

    def stop(self) -> None:
        """Stop master and workers."""
        if self._process is None:
            return
        if self._process.poll() is None:
            self._process.terminate()
        self._process.communicate(timeout=15)


def _replaced(text: str, old: str, new: str) -> str:
    assert old in text, f"the site does not say {old!r} any more"
    return text.replace(old, new)


def _make_certificate(certificate: Path, key: Path) -> None:
    private = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, NAME)])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
        .sign(private, hashes.SHA256())
    )
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    key.write_bytes(
        private.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
