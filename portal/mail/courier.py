"""The thread that delivers mails beside requests, so that a slow mail server holds no worker."""

import logging
import threading
from collections.abc import Callable

from flask import Flask

log = logging.getLogger(__name__)
KEY = "courier"


class Courier:
    """At most one thread in each process; it ends when nothing is left to do.

    It is no daemon: a process that ends waits until the mail at hand is sent or refused, since an
    interrupted one would be sent twice. Mails that no thread delivers stay for `flask mail send`.

    Args:
        app: the portal.
        work: delivers what is due, in an application context.
    """

    def __init__(self, app: Flask, work: Callable[[], object]) -> None:
        self._app, self._work = app, work
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._called_again = False

    def call(self) -> None:
        """Have the thread deliver what is due; return at once."""
        with self._lock:
            if self._thread is not None and self._thread.is_alive():  # not so after a fork
                self._called_again = True
                return
            thread = threading.Thread(target=self._run, name="mails")
            try:
                thread.start()
            except RuntimeError:  # no more threads, or the process is about to end
                log.warning("mails wait: no thread could be started")
                return
            self._thread = thread

    def wait(self, seconds: float | None = None) -> bool:
        """Wait until the thread has ended; return whether it has.

        Args:
            seconds: at most so long; `None` for as long as it takes.
        """
        thread = self._thread
        if thread is None:
            return True
        thread.join(seconds)
        return not thread.is_alive()

    def _run(self) -> None:
        while True:
            try:
                with self._app.app_context():
                    self._work()
            except Exception as error:  # the mails stay, and a later call tries again
                log.exception("mails wait: %s", type(error).__name__)
            with self._lock:
                if not self._called_again:
                    self._thread = None
                    return
                self._called_again = False
