"""One-time codes from oathtool, which shares no code with the package."""

import os
import shutil
import subprocess

import pytest


def oathtool(secret: str, at: float, *, digits: int = 6, window: int = 0) -> str:
    """The TOTP code of a base32 secret (spaces allowed) at a Unix time, a line for each step of
    the window that follows."""
    program = shutil.which("oathtool")
    if program is None:
        if os.environ.get("CI"):
            pytest.fail("oathtool is missing; CI must have it")
        pytest.skip("oathtool is not installed")
    command = [program, "--totp=sha1", "--base32", f"--digits={digits}", f"--now=@{int(at)}"]
    command.append(f"--window={window}")
    done = subprocess.run(
        [*command, secret.replace(" ", "")], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def wrong_code(secret: str, at: float) -> str:
    """A code that is wrong now and for ten minutes either side."""
    right = set(oathtool(secret, at - 30 * 20, window=40).split())
    return next(code for code in (f"{n:06}" for n in range(100)) if code not in right)
