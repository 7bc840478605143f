"""Sentences for hosts with users who have no password (`reauthenticate` of `init_app`).

Their pages must not say that a password protects the account, so these sentences speak of signing
in, which is true of users with and without one. Sentences beside a field for the password stay.
"""

from gettext import NullTranslations

from .catalogue import later

# The new sentences, by the usual ones.
INSTEAD = {
    later("<strong>Off</strong> – your account is protected by your password alone."): later(
        "<strong>Off</strong> – your account is protected by your usual sign-in alone."
    ),
    later("We ask only for your password, so you're not protected."): later(
        "We ask for no second step, so you're not protected."
    ),
    later("Only your password will protect your account."): later(
        "Only your usual sign-in will protect your account."
    ),
    later(
        "We'll also ask for a code from your phone: when you sign in, when you change your"
        " password, or wherever you choose. Someone who has your password can't get in"
        " without your phone."
    ): later(
        "We'll also ask for a code from your phone: when you sign in, or wherever you"
        " choose. Someone who signs in as you can't get in without your phone."
    ),
    later("You have %(time)s to finish, from when you entered your password."): later(
        "You have %(time)s to finish."
    ),
    later("You have %(time)s to finish signing in, from when you entered your password."): later(
        "You have %(time)s to finish signing in."
    ),
    later("If you don't recognise something here, change your password."): later(
        "If you don't recognise something here, secure the account that you sign in with."
    ),
    later(
        "Two-factor authentication is a second check after your password: a passkey, or a"
        " 6-digit code from an app on your phone. Someone who has your password can't get in"
        " without your device."
    ): later(
        "Two-factor authentication is a second check after you sign in: a passkey, or a"
        " 6-digit code from an app on your phone. Someone who signs in as you can't get in"
        " without your device."
    ),
    later(
        "Two-factor authentication is a second check after your password: a 6-digit code"
        " from an app on your phone. Someone who has your password can't get in without your"
        " phone."
    ): later(
        "Two-factor authentication is a second check after you sign in: a 6-digit code from"
        " an app on your phone. Someone who signs in as you can't get in without your"
        " phone."
    ),
    later(
        "You choose when we ask: when you sign in, when you change your password, or"
        " whenever it matters to you."
    ): later("You choose when we ask: when you sign in, or whenever it matters to you."),
    later(
        "You choose when we ask for a code: when you sign in, when you change your"
        " password, or whenever it matters to you."
    ): later("You choose when we ask for a code: when you sign in, or whenever it matters to you."),
    later(
        "It can also replace your password: choose “Sign in with a passkey” when you sign in."
    ): later(
        "You can also sign in with it alone: choose “Sign in with a passkey” when you sign in."
    ),
    later(
        "Otherwise sign in with your password, choose “Use recovery code” and enter your"
        " recovery code. It works once, and turns off two-factor authentication."
    ): later(
        "Otherwise sign in as usual, choose “Use recovery code” and enter your recovery"
        " code. It works once, and turns off two-factor authentication."
    ),
    later(
        "If you lose your device, use this code and your password to sign in. It works once"
        " and turns two-factor authentication off. Print it, and keep it away from your"
        " password."
    ): later(
        "If you lose your device, sign in as usual and use this code. It works once and"
        " turns two-factor authentication off. Print it, and keep it in a safe place."
    ),
    later(
        "If you lose your phone, use this code and your password to sign in. It works once"
        " and turns two-factor authentication off. Print it, and keep it away from your"
        " password."
    ): later(
        "If you lose your phone, sign in as usual and use this code. It works once and"
        " turns two-factor authentication off. Print it, and keep it in a safe place."
    ),
    later("Go to the web address above and sign in with your password."): later(
        "Go to the web address above and sign in as usual."
    ),
    later("Keep this away from your password."): later("Keep this in a safe place."),
    later(
        "Sign in with your password and this passkey once. After that, the passkey alone is enough."
    ): later(
        "Sign in as usual and with this passkey once. After that, the passkey alone is enough."
    ),
    later("That passkey was not accepted. Try again, or sign in with your password."): later(
        "That passkey was not accepted. Try again, or sign in as usual."
    ),
    later("Nothing was confirmed. Try again, or sign in with your password."): later(
        "Nothing was confirmed. Try again, or sign in as usual."
    ),
}


class WithoutPassword(NullTranslations):
    """Translations in which the sentences of `INSTEAD` are replaced.

    Args:
        texts: the translations of a language.
    """

    def __init__(self, texts: NullTranslations) -> None:
        super().__init__()
        self._texts = texts

    def gettext(self, message: str) -> str:
        """Return the translation of a sentence, or of the one that stands for it."""
        return self._texts.gettext(INSTEAD.get(message, message))

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        """Return the translation of a sentence with a number; none of these is replaced."""
        return self._texts.ngettext(msgid1, msgid2, n)
