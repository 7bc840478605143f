"""A Django host with django-allauth and its `mfa`."""

from pathlib import Path

from django.urls import include, path

from ..common import ISSUER, PASSKEYS, App
from . import django_host


def build(uri: str, _folder: Path) -> App:
    django_host.configure(
        uri,
        ["allauth", "allauth.account", "allauth.mfa"],
        ["allauth.account.middleware.AccountMiddleware"],
        AUTHENTICATION_BACKENDS=["allauth.account.auth_backends.AuthenticationBackend"],
        LOGIN_URL="/accounts/login/",
        ACCOUNT_LOGIN_METHODS={"username"},
        ACCOUNT_EMAIL_VERIFICATION="none",
        # One step before and after, as for all sides.
        MFA_TOTP_TOLERANCE=1,
        MFA_TOTP_ISSUER=ISSUER,
        MFA_SUPPORTED_TYPES=["recovery_codes", "totp", *(["webauthn"] if PASSKEYS else [])],
        # The bench makes many attempts; the counts are in memory.
        ACCOUNT_RATE_LIMITS={},
    )
    from allauth.account.decorators import reauthentication_required

    return django_host.finish(
        [path("accounts/", include("allauth.urls"))],
        reauthentication_required,
        "",
    )
