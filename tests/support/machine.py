"""A bare machine in a folder: paths are mapped into it, and units run without systemd.

What it does with a unit is what systemd.exec(5), systemd.service(5) and systemd.socket(5) say of
the options in `deploy/`. Packages come from this environment rather than from an index.
"""

import getpass
import os
import re
import shlex
import shutil
import signal
import site
import socket
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from .gunicorn import ACTIVATED, ROOT
from .nginx import Nginx

RELEASE = ("portal", "deploy", "wsgi.py", "setup.cfg", "pyproject.toml", "constraints.txt")
RELEASE += ("README.md", "LICENSE", "MANIFEST.in")
FOLDERS = ("srv", "etc/systemd/system", "etc/nginx/sites-available", "etc/nginx/sites-enabled")
FOLDERS += ("usr/local/bin", "run")
# Programs of the machine that would change accounts, `install`, which would need ours, and Python.
PROGRAMS = {
    "useradd": "exit 0",
    "install": """set -- "$@"; args=(); skip=
for each in "$@"; do
    if [ -n "$skip" ]; then skip=; continue; fi
    if [ "$each" = -o ]; then skip=1; continue; fi
    args+=("$each")
done
exec /usr/bin/install "${args[@]}" """,
    # pip is lent, too: to install it takes seconds.
    "python3": f"""[ "$1 $2" = "-m venv" ] && set -- -m venv --without-pip "${{@:3}}"
exec {sys.base_prefix}/bin/python3 "$@" """,
}
# Of the test run.
OURS = ("PORTAL_", "FLASK_", "PYTHON", "PYTEST_", "COV_", "VIRTUAL_ENV", "PROMETHEUS_")
# What an index would bring along: the programs of the packages that the portal needs.
SCRIPTS = {
    "flask": "flask.cli:main",
    "gunicorn": "gunicorn.app.wsgiapp:run",
    "pip": "pip._internal.cli.main:main",
}


class Machine:
    """The commands of a page, run by somebody who types them as root.

    Args:
        folder: that the machine is in.
        nginx: its nginx, which does not run yet.
        port: where its portal listens, in place of 10.0.0.11:8000.
    """

    def __init__(self, folder: Path, nginx: Nginx, port: int) -> None:
        self.root, self.nginx, self._port = folder, nginx, port
        for name in FOLDERS:
            (folder / name).mkdir(parents=True)
        programs = folder / "programs"
        programs.mkdir()
        for name, text in PROGRAMS.items():
            (programs / name).write_text(f"#!/bin/bash\n{text}\n")
            (programs / name).chmod(0o755)
        path = f"{programs}:{folder}/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        # The index is asked for what builds the portal, as everywhere, and for nothing else.
        self._environment = {
            name: value for name, value in os.environ.items() if not name.startswith(OURS)
        }
        self._environment |= {"PATH": path, "LANG": "C.UTF-8", "PIP_NO_DEPS": "1"}
        # The portal is imported from /srv/portal, not from where pip puts it.
        self._environment["PIP_COMPILE"] = "0"
        self._socket: socket.socket | None = None
        self._service: subprocess.Popen[bytes] | None = None
        self._copy_release()

    def _copy_release(self) -> None:
        """Copy what a release has, its files in `deploy/` adapted to this machine."""
        there = self.root / "srv" / "portal"
        there.mkdir()
        for name in RELEASE:
            if (ROOT / name).is_dir():
                # With what is compiled, which would take seconds.
                shutil.copytree(ROOT / name, there / name)
            else:
                shutil.copy(ROOT / name, there / name)
        # Python may have compiled the configuration of gunicorn into a folder beside it.
        for path in filter(Path.is_file, (there / "deploy").iterdir()):
            text = path.read_text(encoding="utf-8")
            if path.name == "nginx-site.conf":
                path.write_text(self.nginx.adapted(text))
                continue
            text = text.replace('ACCOUNT = "portal"', f'ACCOUNT = "{getpass.getuser()}"')
            path.write_text(self.mapped(text))

    def mapped(self, text: str) -> str:
        """The text with the paths and the address of this machine."""
        text = text.replace("10.0.0.11:8000", f"127.0.0.1:{self._port}")
        return re.sub(r"(?<![\w./}])/(?=(?:srv|etc|run|usr/local)/)", f"{self.root}/", text)

    def type(self, line: str, given: str = "") -> str:
        """Run a line of a page; return what it writes.

        Args:
            line: without the prompt.
            given: what it reads.

        Raises:
            AssertionError: it failed.
        """
        line = self.mapped(line)
        words = shlex.split(line)
        if words[0] == "systemctl":
            self._systemctl(words[1:])
            return ""
        if words[0] == "nginx":
            enabled = self.root / "etc/nginx/sites-enabled/portal"
            words = [*map(str, self.nginx.write(enabled.read_text())), *words[1:]]
            line = shlex.join(words)
        done = subprocess.run(
            ["bash", "-c", line],
            env=self._environment,
            cwd=self.root,
            input=given,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        assert done.returncode == 0, (line, done.stdout[-2000:], done.stderr[-3000:])
        if "-m venv" in line:
            self._lend_packages()
        return done.stdout + done.stderr

    def _lend_packages(self) -> None:
        """Let the new environment have this one's packages, but not its portal."""
        venv = self.root / "srv" / "portal" / ".venv"
        [packages] = venv.glob("lib/python*/site-packages")
        (packages / "lent.pth").write_text("\n".join(site.getsitepackages()))
        for name, entry in SCRIPTS.items():
            module, function = entry.split(":")
            script = venv / "bin" / name
            text = f"import sys\nfrom {module} import {function}\nsys.exit({function}())\n"
            script.write_text(f"#!{venv}/bin/python\n{text}")
            script.chmod(0o755)

    # -- systemd ---------------------------------------------------------------------------------

    def _systemctl(self, words: list[str]) -> None:
        verb, names = words[0], [word for word in words[1:] if not word.startswith("--")]
        if verb == "enable":
            for name in names:
                self._start(name)
        elif verb == "restart":
            assert names == ["portal.service"]
            self._end_service()
            self._start_service()
        elif verb == "reload":
            assert names == ["nginx"]
            self.nginx.start((self.root / "etc/nginx/sites-enabled/portal").read_text())
        else:
            assert verb == "daemon-reload"

    def _start(self, name: str) -> None:
        unit = self.unit(name)
        if name.endswith(".socket"):
            host, _, port = unit["ListenStream"][0].rpartition(":")
            self._socket = socket.create_server((host, int(port)), backlog=1024)
        elif name.endswith(".service"):
            self._start_service()
        else:
            assert unit["OnCalendar"]
            assert (self.root / "etc/systemd/system" / name).with_suffix(".service").is_file()

    def unit(self, name: str) -> dict[str, list[str]]:
        """The options of an installed unit."""
        text = (self.root / "etc" / "systemd" / "system" / name).read_text()
        found: dict[str, list[str]] = {}
        for option, value in re.findall(r"^(\w+)=(.*)$", text, re.MULTILINE):
            found.setdefault(option, []).append(value)
        return found

    def _surroundings(self, unit: Mapping[str, list[str]]) -> dict[str, str]:
        """The environment of a unit: its file, and nothing of the shell that starts it."""
        environment = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"}
        for line in Path(unit["EnvironmentFile"][0]).read_text().splitlines():
            name, equals, value = line.partition("=")
            if equals and not line.startswith("#"):
                environment[name] = "".join(shlex.split(value))
        return environment

    def fire(self, name: str) -> None:
        """Run a unit of the type oneshot, as its timer does."""
        unit = self.unit(name)
        for line in unit["ExecStart"]:
            done = subprocess.run(
                shlex.split(line.removeprefix("-")),
                env=self._surroundings(unit),
                cwd=unit["WorkingDirectory"][0],
                capture_output=True,
                text=True,
                check=False,
                timeout=300,
            )
            assert done.returncode == 0 or line.startswith("-"), (line, done.stderr)

    def _start_service(self) -> None:
        unit = self.unit("portal.service")
        assert unit["Requires"] == ["portal.socket"]
        assert self._socket is not None, "portal.socket does not run"
        assert all(Path(path).is_dir() for path in unit["ReadWritePaths"])
        for name in unit["RuntimeDirectory"]:
            (self.root / "run" / name).mkdir()
        number = self._socket.fileno()
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told:
            told.bind(f"\0portal-{os.getpid()}-{self._port}")
            told.settimeout(120)
            environment = self._surroundings(unit) | {
                "NOTIFY_SOCKET": f"@{told.getsockname()[1:].decode()}"
            }
            with (self.root / "journal").open("ab") as journal:
                self._service = subprocess.Popen(
                    [
                        sys.executable,
                        "-c",
                        ACTIVATED,
                        str(number),
                        *shlex.split(unit["ExecStart"][0]),
                    ],
                    env=environment,
                    cwd=unit["WorkingDirectory"][0],
                    pass_fds=[number],
                    stdout=journal,
                    stderr=journal,
                )
            while b"READY=1" not in told.recv(4096):
                pass

    def _end_service(self) -> None:
        """Stop it as `systemctl stop` does; its folder below /run goes with it."""
        unit, service = self.unit("portal.service"), self._service
        assert service is not None
        service.send_signal(signal.SIGTERM)
        service.wait(int(unit["TimeoutStopSec"][0]))
        for name in unit["RuntimeDirectory"]:
            shutil.rmtree(self.root / "run" / name)

    @property
    def journal(self) -> str:
        """All that the service has written."""
        return (self.root / "journal").read_text(errors="replace")

    def turn_off(self) -> None:
        """End what runs."""
        if self._service is not None and self._service.poll() is None:
            self._service.terminate()
            with suppress(subprocess.TimeoutExpired):
                self._service.wait(30)
            self._service.kill()
        if self._socket is not None:
            self._socket.close()
        self.nginx.stop()
