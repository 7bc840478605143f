"""A key rotation that is killed with SIGKILL half-way and run again."""

import base64
import json
import os
import secrets
import signal
import subprocess
import sys
import time

import pytest
from flask import Flask

from portal.extensions import db
from portal.twofactor.core import vault
from portal.twofactor.core.records import Account, Authenticator
from portal.twofactor.core.vault import Vault
from tests.support.databases import both

from .people import People

pytestmark = pytest.mark.slow

COUNT = 400


class Rotation:
    """`flask twofactor rotate-keys` in a separate process, as operators run it."""

    def __init__(self, app: Flask, fresh: bytes) -> None:
        keys = [base64.b64encode(fresh).decode(), *app.config["TWOFACTOR_KEYS"]]
        self.command = [sys.executable, "-m", "flask", "--app", "wsgi", "twofactor", "rotate-keys"]
        self.environment = {
            **os.environ,
            "PORTAL_INSTANCE_PATH": app.instance_path,
            "PORTAL_SQLALCHEMY_DATABASE_URI": app.config["SQLALCHEMY_DATABASE_URI"],
            "PORTAL_SECRET_KEY": app.config["SECRET_KEY"],
            "PORTAL_TWOFACTOR_KEYS": ",".join(keys),
        }

    def begin(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(self.command, env=self.environment, stdout=subprocess.DEVNULL)

    def whole(self) -> dict[str, int]:
        done = subprocess.run(
            [*self.command, "--json"], env=self.environment, check=True, capture_output=True
        )
        return json.loads(done.stdout)


def fill(people: People) -> dict[str, bytes]:
    """Create many accounts; return their secrets."""
    kit, found = people.kit, {}

    def work(transaction):
        for number in range(COUNT):
            user_id, secret = str(10_000 + number), secrets.token_bytes(20)
            sealed = kit.vault.seal(secret, vault.AUTHENTICATOR, user_id, user_id)
            transaction.add_account(Account(user_id, frozenset({"email"}), 0))
            transaction.add_authenticator(
                Authenticator(user_id, user_id, "totp", "app", sealed, 0, 0, None)
            )
            found[user_id] = secret

    kit.store.run(work)
    return found


def stored() -> dict[str, bytes]:
    with db.engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT user_id, sealed FROM twofactor_authenticator")
        return {user_id: bytes(sealed) for user_id, sealed in rows}


@both
def test_killed_half_way(app: Flask, people: People):
    """C-17, A-64: each secret always opens under one of the two keys, and none is lost."""
    secret_of, fresh = fill(people), secrets.token_bytes(32)
    old = [base64.b64decode(key) for key in app.config["TWOFACTOR_KEYS"]]
    during, afterwards = Vault([fresh, *old]), Vault([fresh])
    rotation = Rotation(app, fresh)
    turned = 0
    for share in (0.2, 0.5, 0.8):
        process = rotation.begin()
        while turned < share * COUNT and process.poll() is None:
            time.sleep(0.005)
            turned = sum(not during.needs_reseal(sealed) for sealed in stored().values())
        process.send_signal(signal.SIGKILL)
        assert process.wait(20) == -signal.SIGKILL
        turned = sum(not during.needs_reseal(sealed) for sealed in stored().values())
        assert 0 < turned < COUNT, "it was not half-way"
        for user_id, sealed in stored().items():
            opened = during.open(sealed, vault.AUTHENTICATOR, user_id, user_id)
            assert opened == secret_of[user_id]
    done = rotation.whole()
    assert (done["resealed"], done["failed"]) == (COUNT - turned, 0)
    for user_id, sealed in stored().items():
        assert afterwards.open(sealed, vault.AUTHENTICATOR, user_id, user_id) == secret_of[user_id]
