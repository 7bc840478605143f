"""A person at a host with django-allauth's `mfa`."""

import json
import re
from typing import Any

from ..browser import Answer
from ..common import BOB, PASSWORD
from .base import PasskeyPerson, Person, Sample, added, found, total

MFA = "/accounts/2fa"
_SECRET = r'value="([A-Z2-7]{32})"'
_DATA = r'<script id="js_data" type="application/json">(.*?)</script>'
_IMAGE = re.compile(r'src="(data:image[^"]*)"')


class Allauth(Person):
    def prepare(self) -> None:
        self.sign_in()
        self.enrol()

    def sign_in(self) -> list[Answer]:
        page = self.browser.get("/accounts/login/").expect(200)
        sent = self.browser.post("/accounts/login/", login=self.email, password=PASSWORD)
        return [page, *self.browser.follow(sent.expect(302))]

    def confirm(self, answers: list[Answer]) -> list[Answer]:
        """Enter the password again if the host asks for it."""
        where = next(
            (a.location for a in reversed(answers) if "/reauthenticate/" in a.location), ""
        )
        if not where:
            return answers
        sent = self.browser.post(where, password=PASSWORD)
        return [*answers, *self.browser.follow(sent.expect(302))]

    def begin_enrolment(self) -> list[Answer]:
        answers = self.confirm(self.browser.follow(self.browser.get(f"{MFA}/totp/activate/")))
        self.read_secret(answers[-1].body, _SECRET)
        return answers

    def enrol(self) -> list[Answer]:
        answers = self.begin_enrolment()
        sent = self.browser.post(f"{MFA}/totp/activate/", code=self.code())
        return [*answers, *self.browser.follow(sent.expect(302))]

    def switch_off(self) -> list[Answer]:
        path = f"{MFA}/totp/deactivate/"
        answers = self.confirm(self.browser.follow(self.browser.get(path)))
        sent = self.browser.post(path)
        return [*answers, *self.browser.follow(sent.expect(302))]

    def sign_out(self) -> list[Answer]:
        page = self.browser.get("/accounts/logout/").expect(200)
        return [page, *self.browser.follow(self.browser.post("/accounts/logout/").expect(302))]

    def second_step(self, code: str) -> Answer:
        return self.browser.post(f"{MFA}/authenticate/", code=code)

    def measure_guard_view(self) -> Sample:
        """Measure its guard for actions, which requires a recent password or code."""
        plain = self.browser.get("/plain").expect(200)
        guarded = self.browser.get("/guarded")
        if guarded.status == 302:
            self.confirm(self.browser.follow(guarded))
            return self.measure_guard_view()
        return added(guarded.expect(200), plain)

    def measure_right(self) -> Sample:
        self.password_given()
        return total([self.second_step(self.code()).expect(302)])

    def measure_wrong(self) -> Sample:
        self.password_given()
        sample = total([self.second_step(self.wrong_code()).expect(200)])
        self.second_step(self.code()).expect(302)
        return sample

    def measure_recovery(self) -> Sample:
        path = f"{MFA}/recovery-codes/"
        pages = self.confirm(self.browser.follow(self.browser.get(path)))
        codes = re.findall(r"\b(\d{8})\b", pages[-1].body)
        if not codes:
            self.browser.get(f"{path}generate/").expect(200)
            self.browser.post(f"{path}generate/").expect(302)
            return self.measure_recovery()
        self.password_given()
        return total([self.second_step(codes[0]).expect(302)])

    def measure_enrolment(self) -> Sample:
        self.switch_off()
        answers = self.begin_enrolment()
        sample = total(answers)
        sample["page"] = len(answers[-1].body)
        sample["page_cpu"] = answers[-1].cost["cpu"]
        sample["qr"] = len(_IMAGE.findall(answers[-1].body)[0])
        self.browser.post(f"{MFA}/totp/activate/", code=self.code()).expect(302)
        return sample

    def measure_journey(self) -> Sample:
        self.switch_off()
        self.fresh_browser()
        answers = [*self.sign_in(), *self.enrol(), *self.sign_out(), *self.sign_in()]
        answers += self.browser.follow(self.second_step(self.code()).expect(302))
        answers += [*self.switch_off(), *self.sign_out()]
        self.prepare()
        return total(answers)


class WithPasskey(PasskeyPerson, Allauth):
    """A person with a passkey instead of an app."""

    def prepare(self) -> None:
        self.email = BOB
        self.sign_in()
        path = f"{MFA}/webauthn/add/"
        page = self.confirm(self.browser.follow(self.browser.get(path)))[-1]
        options = json.loads(found(_DATA, page.body))["creation_options"]["publicKey"]
        credential = json.dumps(self.device.create(options))
        self.browser.post(path, name="laptop", credential=credential).expect(302)

    def options(self) -> tuple[Answer, Any]:
        """Ask for the page that confirms the person again."""
        page = self.browser.get(f"{MFA}/webauthn/reauthenticate/?next=/guarded").expect(200)
        return page, json.loads(found(_DATA, page.body))["request_options"]["publicKey"]

    def deed(self, assertion: str) -> list[Answer]:
        fields = {"credential": assertion, "next": "/guarded"}
        sent = self.browser.post(f"{MFA}/webauthn/reauthenticate/", **fields).expect(302)
        assert sent.location == "/guarded", sent.location
        return [sent, self.browser.post("/guarded").expect(302)]
