"""The part of `twofactor.operator` that counts users and events."""

from ...service.operator import kept, statistics
from ...service.operator.kept import Kept
from ...service.operator.statistics import Figures
from ..state import current_state

# As many as the page of the help desk shows at most.
WEEKS_KEPT = 52


class CountsUsers:
    """The figures of an application: count them, and keep them for the page of the help desk."""

    def stats(self, weeks: int = 12) -> Figures:
        """Count users, areas and held accounts, and the events of each week.

        Args:
            weeks: how many weeks, including the current one.

        Raises:
            ValueError: `weeks` is not from 1 to 520.
        """
        if not 1 <= weeks <= statistics.MOST_WEEKS:
            raise ValueError(f"weeks must be a number from 1 to {statistics.MOST_WEEKS}")
        state = current_state()
        keys = state.host.user_keys
        users = None if keys is None else sum(1 for _ in keys())
        return statistics.figures(state.kit, users, weeks)

    def keep_figures(self, weeks: int = WEEKS_KEPT) -> Kept:
        """Count as `stats` does, and keep the figures for the help desk, instead of the last ones.

        With a million users it takes some seconds, so a job does it each day.

        Args:
            weeks: how many weeks, including the current one.

        Returns:
            The `figures` and the time `at` when they were counted.

        Raises:
            ValueError: `weeks` is not from 1 to 104.
        """
        if not 1 <= weeks <= kept.MOST_WEEKS:
            raise ValueError(f"weeks must be a number from 1 to {kept.MOST_WEEKS}")
        return kept.keep(current_state().kit, self.stats(weeks))

    def kept_figures(self) -> Kept | None:
        """Return the figures that were kept last, at no cost; `None` if there are none.

        Returns:
            The `figures` and the time `at` when they were counted.
        """
        return kept.latest(current_state().kit)
