"""A person at a host with Flask-Security-Too."""

import json
import re
from typing import Any

from ..browser import Answer
from ..common import BOB, PASSWORD
from .base import PasskeyPerson, Person, Sample, added, found, total

_SECRET = r"<div>([A-Z2-7]{4}[A-Z2-7 -]+)</div>"
_ACTION = r'action="(/tf-[^"]*)" method="post" name="two_factor_verify'
_RESPOND = r'action="(/wan-[^"]*)" method="post" name="wan_{}_response_form"'
_IMAGE = re.compile(r'src="(data:image[^"]*)"')


class SecurityToo(Person):
    def prepare(self) -> None:
        self.sign_in()
        self.enrol()

    def sign_in(self) -> list[Answer]:
        page = self.browser.get("/login").expect(200)
        sent = self.browser.post("/login", email=self.email, password=PASSWORD)
        return [page, *self.browser.follow(sent.expect(302, 303))]

    def begin_enrolment(self) -> list[Answer]:
        start = self.browser.get("/tf-setup").expect(200)
        page = self.browser.post("/tf-setup", setup="authenticator").expect(200)
        self.read_secret(page.body, _SECRET)
        self._action = found(_ACTION, page.body)
        return [start, page]

    def enrol(self) -> list[Answer]:
        answers = self.begin_enrolment()
        sent = self.browser.post(self._action, code=self.code())
        return [*answers, *self.browser.follow(sent.expect(302, 303))]

    def switch_off(self) -> list[Answer]:
        page = self.browser.get("/tf-setup").expect(200)
        sent = self.browser.post("/tf-setup", setup="disable")
        return [page, *self.browser.follow(sent.expect(302, 303))]

    def sign_out(self) -> list[Answer]:
        return self.browser.follow(self.browser.post("/logout").expect(302, 303))

    def measure_guard_view(self) -> Sample:
        """Measure its guard for actions, which requires a recent sign-in."""
        plain = self.browser.get("/plain").expect(200)
        return added(self.browser.get("/guarded").expect(200), plain)

    def measure_right(self) -> Sample:
        self.password_given()
        return total([self.browser.post("/tf-validate", code=self.code()).expect(302, 303)])

    def measure_wrong(self) -> Sample:
        self.password_given()
        sample = total([self.browser.post("/tf-validate", code=self.wrong_code()).expect(200)])
        self.measure_right()
        return sample

    def measure_recovery(self) -> Sample:
        page = self.browser.get("/mf-recovery-codes").expect(200)
        page = self.browser.post("/mf-recovery-codes", generate_codes="1").expect(200)
        code = found(r"\b([0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4})\b", page.body)
        self.password_given()
        self.browser.get("/mf-recovery").expect(200)
        sent = self.browser.post("/mf-recovery", code=code)
        return total([sent.expect(302, 303)])

    def measure_enrolment(self) -> Sample:
        self.switch_off()
        answers = self.begin_enrolment()
        sample = total(answers)
        sample["page"] = len(answers[-1].body)
        sample["page_cpu"] = answers[-1].cost["cpu"]
        sample["qr"] = len(_IMAGE.findall(answers[-1].body)[0])
        self.browser.post(self._action, code=self.code()).expect(302, 303)
        return sample

    def measure_journey(self) -> Sample:
        self.switch_off()
        self.fresh_browser()
        answers = [*self.sign_in(), *self.enrol(), *self.sign_out(), *self.sign_in()]
        sent = self.browser.post("/tf-validate", code=self.code())
        answers += self.browser.follow(sent.expect(302, 303))
        answers += [*self.switch_off(), *self.sign_out()]
        self.prepare()
        return total(answers)


class WithPasskey(PasskeyPerson, SecurityToo):
    """A person with a passkey instead of an app."""

    def prepare(self) -> None:
        self.email = BOB
        self.sign_in()
        page = self.browser.post("/wan-register", name="laptop", usage="first").expect(200)
        options = json.loads(found(r"handleRegister\('(.*?)'\)", page.body))
        credential = json.dumps(self.device.create(options))
        path = found(_RESPOND.format("register"), page.body)
        self.browser.follow(self.browser.post(path, credential=credential).expect(302, 303))

    def options(self) -> tuple[Answer, Any]:
        """Ask for the page that confirms the person again."""
        page = self.browser.post("/wan-verify?next=/guarded").expect(200)
        self._action = found(_RESPOND.format("signin"), page.body)
        return page, json.loads(found(r"handleSignin\('(.*?)'\)", page.body))

    def deed(self, assertion: str) -> list[Answer]:
        sent = self.browser.post(self._action, credential=assertion).expect(302, 303)
        assert sent.location == "/guarded", sent.location
        return [sent, self.browser.post("/guarded").expect(303)]
