"""Limits of texts; check them before normalising, matching or hashing a text."""

NAME_LENGTH = 64
KEY_LENGTH = 4 * NAME_LENGTH
EMAIL_LENGTH = 254
TEXT_LENGTH = 120
ADDRESS_LENGTH = 400
LANGUAGE_LENGTH = 35
ZONE_LENGTH = 64
ROLE_LENGTH = 16
LONGEST_IDENTITY = 400  # a user name or an address, as entered
LONGEST_PASSWORD = 4096  # of an existing password
LONGEST_NEW_PASSWORD = 512
