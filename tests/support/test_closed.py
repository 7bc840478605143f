"""Connections of a thrown away application."""

import gc
import sqlite3

import pytest
from sqlalchemy import create_engine


def test_a_connection_is_closed_with_its_engine(tmp_path):
    """F-71: from Python 3.13 on, one that is collected unclosed is a ResourceWarning"""
    engine = create_engine(f"sqlite:///{tmp_path}/thrown-away.sqlite")
    with engine.connect() as connection:
        raw = connection.connection.dbapi_connection
    raw.execute("SELECT 1")
    del connection, engine
    gc.collect()
    with pytest.raises(sqlite3.ProgrammingError, match="closed database"):
        raw.execute("SELECT 1")
