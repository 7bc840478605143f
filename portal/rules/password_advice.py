"""Our translatable sentences for zxcvbn's advice on passwords that are easy to guess."""

from collections.abc import Iterable

from portal.rules.refusal import later

# The keys are zxcvbn's sentences without the full stop; a test compares them with its source.
SENTENCES = {
    "Use a few words, avoid common phrases": later("Use a few words that don't belong together."),
    "No need for symbols, digits, or uppercase letters": later(
        "You don't need signs, digits or capital letters."
    ),
    "Add another word or two. Uncommon words are better": later("Add one or two uncommon words."),
    "Straight rows of keys are easy to guess": later(
        "Keys in a row on the keyboard are easy to guess."
    ),
    "Short keyboard patterns are easy to guess": later(
        "Short patterns on the keyboard are easy to guess."
    ),
    "Use a longer keyboard pattern with more turns": later(
        "Use words instead of a pattern on the keyboard."
    ),
    'Repeats like "aaa" are easy to guess': later("Repeats like “aaa” are easy to guess."),
    'Repeats like "abcabcabc" are only slightly harder to guess than "abc"': later(
        "Repeats like “abcabcabc” are almost as easy to guess as “abc”."
    ),
    "Avoid repeated words and characters": later("Don't repeat words or characters."),
    'Sequences like "abc" or "6543" are easy to guess': later(
        "Sequences like “abc” or “6543” are easy to guess."
    ),
    "Avoid sequences": later("Don't use sequences."),
    "Recent years are easy to guess": later("Years are easy to guess."),
    "Avoid recent years": later("Don't use years."),
    "Avoid years that are associated with you": later("Don't use years from your own life."),
    "Dates are often easy to guess": later("Dates are often easy to guess."),
    "Avoid dates and years that are associated with you": later(
        "Don't use dates or years from your own life."
    ),
    "This is a top-10 common password": later("This is one of the ten most common passwords."),
    "This is a top-100 common password": later("This is one of the hundred most common passwords."),
    "This is a very common password": later("Many people use this password."),
    "This is similar to a commonly used password": later(
        "This password is similar to one that many people use."
    ),
    "A word by itself is easy to guess": later("A single word is easy to guess."),
    "Names and surnames by themselves are easy to guess": later("A single name is easy to guess."),
    "Common names and surnames are easy to guess": later("Common names are easy to guess."),
    "Capitalization doesn't help very much": later("Capital letters don't help much."),
    "All-uppercase is almost as easy to guess as all-lowercase": later(
        "All capitals are almost as easy to guess as all small letters."
    ),
    "Reversed words aren't much harder to guess": later(
        "Words spelled backwards aren't much harder to guess."
    ),
    "Predictable substitutions like '@' instead of 'a' don't help very much": later(
        "Replacing letters, like “@” for “a”, doesn't help much."
    ),
}
MORE_WORDS = SENTENCES["Add another word or two. Uncommon words are better"]
BARE_WORD = later("A single word with digits or signs around it is easy to guess.")


def in_our_words(sentences: Iterable[str]) -> tuple[str, ...]:
    """Return our sentences for those of zxcvbn; unknown ones are left out."""
    keys = (each.rstrip(".") for each in sentences)
    return tuple(SENTENCES[key] for key in keys if key in SENTENCES)
