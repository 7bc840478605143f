"""Changing the e-mail address: the new one counts once its mailbox has confirmed it."""
