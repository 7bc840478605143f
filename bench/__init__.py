"""A benchmark of two-factor authentication here and in peer libraries, against a minimal floor.

Run with `make bench`; docs/performance.md has the results. Everything in this folder except `apps/`
needs only the standard library, since it also runs in the environment of each peer.
"""
