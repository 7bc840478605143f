"""What a second factor costs here, in peers, and at the least: `make bench`, docs/performance.md.

Everything in this folder but `apps/` needs the standard library alone, since it runs in the
environment of each peer as well.
"""
