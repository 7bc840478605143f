"""Rules for names, addresses and passwords, without Flask or a database."""
