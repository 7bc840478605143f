"""Serve the portal on this machine: `make run` with gunicorn, `make dev` with a reloader.

gunicorn also reads its settings from this module.
"""

import argparse
import errno
import os
import socket
import sys

HOST = "127.0.0.1"
APP = "tools.served:app"

# Settings of gunicorn.
workers = 1
worker_class = "gthread"
threads = 8
loglevel = "warning"  # for gunicorn itself; `tools.served` logs the requests
control_socket_disable = True


def opened(port: int) -> socket.socket:
    """Return a socket that listens on the port.

    Raises:
        SystemExit: the port is in use or can't be opened; the message says why.
    """
    try:
        return socket.create_server((HOST, port), backlog=128)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            why = "is in use by another program"
        else:
            why = f"can't be used: {error.strerror}"
        raise SystemExit(
            f"Port {port} {why}. Choose another one, for example PORT={port + 1}."
        ) from None


def greeting(port: int) -> str:
    """Return the lines that say where the portal is."""
    return (
        f"The portal is on http://{HOST}:{port} (Ctrl-C stops it)\n"
        f"Passkeys need http://localhost:{port}, since browsers have none at IP addresses\n"
    )


def main() -> None:
    """Open the port, print the address and replace this process with the server.

    With `--check`, only say whether the port can be opened.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("port", type=int)
    parser.add_argument("--reload", action="store_true", help="restart when the code changes")
    parser.add_argument("--check", action="store_true", help="only try to open the port")
    options = parser.parse_args()
    listening = opened(options.port)
    if options.check:
        listening.close()
        return
    port = listening.getsockname()[1]
    os.environ |= {"PORT": str(port), "FLASK_DEBUG": "0"}
    sys.stdout.write(greeting(port))
    sys.stdout.flush()
    if options.reload:
        listening.close()
        os.environ["PORTAL_TEMPLATES_AUTO_RELOAD"] = "true"
        command = ["flask", "--app", APP, "run", "--host", HOST, "--port", str(port)]
        command += ["--reload", "--no-debugger"]
    else:
        os.set_inheritable(listening.fileno(), True)
        command = ["gunicorn", "--config", "python:tools.serve", "--bind"]
        command += [f"fd://{listening.fileno()}", APP]
    os.execv(sys.executable, [sys.executable, "-m", *command])


if __name__ == "__main__":
    main()
