"""The words about passkeys, as they were agreed on, in both languages."""

import pytest

from portal.twofactor.core.passkey_errors import PasskeyRefusal
from tools.refusals import REFUSALS, table
from tools.translations import DOMAINS, load

WORDS = {
    "Use a passkey": "Passkey verwenden",
    "With your fingerprint, your face, your device's PIN or a security key.": (
        "Mit Fingerabdruck, Gesicht, der PIN Ihres Geräts oder einem Sicherheitsschlüssel."
    ),
    "Passkey: quickest, and nobody can trick you out of it.": (
        "Passkey: am schnellsten, und niemand kann ihn Ihnen ablisten."
    ),
    "Create passkey": "Passkey erstellen",
    "Use a security key (USB, NFC)": "Sicherheitsschlüssel verwenden (USB, NFC)",
    "Your device asks you now. It does not tell us your finger, face or PIN.": (
        "Jetzt fragt Ihr Gerät. Finger, Gesicht oder PIN erfahren wir nicht."
    ),
    "Follow your device.": "Folgen Sie Ihrem Gerät.",
    "Nothing was confirmed. Try again, or use a code.": (
        "Es wurde nichts bestätigt. Versuchen Sie es noch einmal, oder nehmen Sie einen Code."
    ),
    "This device or password manager has a passkey for this account already.": (
        "Dieses Gerät oder dieser Passwortmanager hat schon einen Passkey für dieses Konto."
    ),
    "That took too long, or was used already. Press the button again.": (
        "Das hat zu lange gedauert oder wurde schon verwendet. Drücken Sie den Knopf noch einmal."
    ),
    "This passkey does not belong to this account any more. Use another one, or a code.": (
        "Dieser Passkey gehört nicht mehr zu diesem Konto. Nehmen Sie einen anderen oder einen"
        " Code."
    ),
    "That passkey was not accepted. Try again, or use a code.": (
        "Dieser Passkey wurde nicht angenommen. Versuchen Sie es noch einmal, oder nehmen Sie einen"
        " Code."
    ),
    "This passkey may have been copied, so nothing was done. Try again; if it is refused again,"
    " remove it.": (
        "Dieser Passkey könnte kopiert worden sein, deshalb ist nichts geschehen. Versuchen Sie es"
        " noch einmal; wird er wieder abgelehnt, entfernen Sie ihn."
    ),
    "Passkeys need JavaScript. Use a code, or your recovery code.": (
        "Passkeys brauchen JavaScript. Nehmen Sie einen Code oder Ihren Wiederherstellungscode."
    ),
    "on several devices": "auf mehreren Geräten",
    "on this device or key alone": "nur auf diesem Gerät oder Schlüssel",
    "made for another address": "für eine andere Adresse erstellt",
}


@pytest.fixture(scope="module")
def german():
    (domain,) = (each for each in DOMAINS if each.name == "twofactor")
    (path,) = (path for path in domain.languages() if path.stem == "de")
    return {message.id: message.string for message in load(path)}


@pytest.mark.parametrize("english", WORDS)
def test_a_sentence_is_there_in_both_languages(german, english):
    """W-58"""
    assert german[english] == WORDS[english]


def test_each_refusal_has_its_way_out():
    """W-58"""
    listed = {type(error): way_out for error, way_out in REFUSALS}
    assert all(listed[kind] for kind in PasskeyRefusal.__subclasses__())
    assert "That didn't work" not in table()
