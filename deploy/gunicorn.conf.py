"""Settings of gunicorn: gunicorn --config deploy/gunicorn.conf.py wsgi:app"""

import os
from pathlib import Path
from typing import Any

# Where systemd hands over the socket of portal.socket, this does not count.
bind = os.environ.get("PORTAL_BIND") or "127.0.0.1:8000"
workers = int(os.environ.get("WEB_CONCURRENCY") or "4")
preload_app = True  # reads and checks the settings once, before the workers start
timeout = 30  # longer than PORTAL_DATABASE_TIMEOUT_SECONDS
graceful_timeout = 30
control_socket_disable = True  # it would be in the home folder, which the unit makes read-only
max_requests = 10_000
max_requests_jitter = 1_000

# The folder in which the workers share their metrics; local, and only for this service.
figures = os.environ.get("PROMETHEUS_MULTIPROC_DIR") or None


def on_starting(_server: Any) -> None:
    """Delete the metrics of the previous run."""
    if figures:
        for path in Path(figures).glob("*.db"):
            path.unlink()


def child_exit(_server: Any, worker: Any) -> None:
    """Remove the gauges of a worker that has ended; its counters stay."""
    if figures:
        from prometheus_client import multiprocess

        multiprocess.mark_process_dead(worker.pid)
