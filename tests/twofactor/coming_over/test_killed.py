"""An import that is killed half-way is simply run again; its memory does not grow with the file."""

import pytest
from sqlalchemy import text

from tests.support.databases import both
from tools.import_trial import Trial

pytestmark = [pytest.mark.thorough, pytest.mark.slow]

USERS = 6000
EACH_ONCE = """SELECT COUNT(*) FROM twofactor_account a
  WHERE (SELECT COUNT(*) FROM twofactor_authenticator t WHERE t.user_id = a.user_id) = 1
    AND (SELECT COUNT(*) FROM twofactor_event e WHERE e.user_id = a.user_id
         AND e.kind = 'imported') = 1"""


@both
def test_killed_and_run_again(database, tmp_path):
    trial = Trial(database, tmp_path, USERS)
    trial.run(kill_at=1000)
    there = trial.on()
    assert 1000 <= there < USERS
    assert there % 500 == 0, "whole batches"
    done = trial.run()
    assert (done.imported, done.already) == (USERS - there, there)
    with trial.engine.connect() as connection:
        assert connection.execute(text(EACH_ONCE)).scalar_one() == USERS
        counts = [
            connection.execute(text(f"SELECT COUNT(*) FROM twofactor_{name}")).scalar_one()
            for name in ("authenticator", "event")
        ]
    assert counts == [USERS, USERS]
    trial.engine.dispose()
