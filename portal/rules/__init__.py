"""Rules for names, addresses and passwords. Pure: no Flask, no database."""
