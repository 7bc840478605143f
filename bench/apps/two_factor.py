"""A Django host with django-two-factor-auth and the TOTP and static devices of django-otp."""

from pathlib import Path

from django.urls import include, path

from ..common import ISSUER, App
from . import django_host


def build(uri: str, _folder: Path) -> App:
    django_host.configure(
        uri,
        ["django.contrib.sites", "django_otp", "django_otp.plugins.otp_static",
         "django_otp.plugins.otp_totp", "two_factor"],
        ["django_otp.middleware.OTPMiddleware"],
        SITE_ID=1,
        LOGIN_URL="two_factor:login",
        OTP_TOTP_ISSUER=ISSUER,
    )  # fmt: skip
    from django.contrib.auth.views import LogoutView
    from django_otp.decorators import otp_required

    return django_host.finish(
        [
            path("", include(django_host.included("two_factor.urls"))),
            path("logout", LogoutView.as_view(next_page="two_factor:login")),
        ],
        otp_required,
        "UPDATE otp_totp_totpdevice SET last_t = -1, throttling_failure_count = 0,"
        " throttling_failure_timestamp = NULL;"
        "UPDATE otp_static_staticdevice SET throttling_failure_count = 0",
    )
