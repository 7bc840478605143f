"""People at the small host with `portal.twofactor`, and at the host without it (the floor)."""

import json
import re
from typing import Any

from ..browser import Answer
from ..common import BOB, PASSWORD
from .base import PasskeyPerson, Person, Sample, added, found, total

MOUNT = "/two-factor"
_SECRET = r'id="twofactor-secret"[^>]*>([^<]*)<'
_RECOVERY = r'id="twofactor-recovery-code"[^>]*>([^<]*)<'
_SVG = re.compile(r"<svg.*?</svg>", re.DOTALL)


class Bare(Person):
    """A person signed in at the host without a second factor, for the floors."""

    def prepare(self) -> None:
        self.sign_in()
        self.browser.get("/form-page").expect(200)

    def sign_in(self) -> list[Answer]:
        """Sign in, from the sign-in page to the page after it."""
        page = self.browser.get("/sign-in").expect(200)
        sent = self.browser.post("/sign-in", email=self.email, password=PASSWORD)
        return [page, *self.browser.follow(sent.expect(302, 303))]

    def measure_plain_post(self) -> Sample:
        return total([self.browser.post("/plain").expect(303)])

    def measure_update(self) -> Sample:
        """Measure a route with one indexed UPDATE and a COMMIT."""
        return total([self.browser.post("/update").expect(303)])

    def measure_bare_update(self) -> Sample:
        return total([self.hook("update")])

    def measure_hmac(self) -> Sample:
        return total([self.hook("hmac")])

    def measure_bcrypt12(self) -> Sample:
        return total([self.hook("bcrypt12")])


class Ours(Bare):
    """A person at our host with every area on except `other`."""

    asks = "one-time-code"
    recovery_code = ""

    def prepare(self) -> None:
        self.sign_in()
        self.enrol()
        self.browser.get("/form-page")

    def begin_enrolment(self) -> list[Answer]:
        """Begin the enrolment, until secret, QR code and recovery code are shown."""
        start = self.browser.get(f"{MOUNT}/activate").expect(200)
        # All areas except "other", including the additional ones.
        areas = [
            key for key in re.findall(r'name="areas" value="([^"]+)"', start.body) if key != "other"
        ]
        sent = self.browser.post(f"{MOUNT}/activate", password=PASSWORD, areas=areas)
        answers = [start, *self.browser.follow(sent.expect(303))]
        page = answers[-1].body
        self.read_secret(page, _SECRET)
        self.recovery_code = found(_RECOVERY, page)
        return answers

    def enrol(self) -> list[Answer]:
        answers = self.begin_enrolment()
        sent = self.browser.post(f"{MOUNT}/activate", code=self.code(), saved="yes")
        return [*answers, *self.browser.follow(sent.expect(303))]

    def switch_off(self) -> list[Answer]:
        page = self.browser.get(f"{MOUNT}/deactivate").expect(200)
        sent = self.browser.post(f"{MOUNT}/deactivate", code=self.code())
        return [page, *self.browser.follow(sent.expect(303))]

    def sign_out(self) -> list[Answer]:
        page = self.browser.get("/form-page").expect(200)
        return [page, *self.browser.follow(self.browser.post("/sign-out").expect(303))]

    def measure_guard_other(self) -> Sample:
        """Measure the guard of an area that the user has not turned on."""
        plain = self.browser.post("/plain").expect(303)
        return added(self.browser.post("/other").expect(303), plain)

    def measure_guard_whole(self) -> Sample:
        """Measure the same as a whole request, whose growth is no difference of two."""
        return total([self.browser.post("/other").expect(303)])

    def measure_guard_view(self) -> Sample:
        """Measure a "view" area that a code has opened."""
        plain, looked = self.browser.get("/plain"), self.browser.get("/vault")
        if looked.status == 403:
            opened = self.browser.post(
                f"{MOUNT}/challenge?area=vault&next=/vault", twofactor_code=self.code()
            )
            self.browser.follow(opened.expect(303))
            self.browser.get("/form-page")
            return self.measure_guard_view()
        return added(looked.expect(200), plain)

    def measure_guard_pass(self) -> Sample:
        """Measure a form that takes the pass of the form before and leaves a new one."""
        plain = self.browser.post("/plain").expect(303)
        self.browser.post("/form", twofactor_code=self.code()).expect(200)
        sent = self.browser.post("/form")
        if sent.status == 403:  # the form before took an old pass instead of the code
            return self.measure_guard_pass()
        return added(sent.expect(200), plain)

    def measure_guard_asks(self) -> Sample:
        """Measure the challenge page, which contains the sealed form."""
        return total([self.browser.post("/deed", text="something to keep").expect(403)])

    def measure_deed_right(self) -> Sample:
        """Measure a guarded action with its code: guard, verification and view."""
        code = self.code()
        return total([self.browser.post("/deed", twofactor_code=code).expect(303)])

    def measure_deed_wrong(self) -> Sample:
        code = self.wrong_code()
        return total([self.browser.post("/deed", twofactor_code=code).expect(403)])

    def measure_deed_added(self) -> Sample:
        """Measure the cost that guard and verification add to a route."""
        code = self.code()
        plain = self.browser.post("/plain").expect(303)
        return added(self.browser.post("/deed", twofactor_code=code).expect(303), plain)

    def measure_right(self) -> Sample:
        self.password_given()
        code = self.code()
        sample = total([self.browser.post(f"{MOUNT}/sign-in", code=code).expect(303)])
        self.browser.get("/form-page")
        return sample

    def measure_wrong(self) -> Sample:
        self.password_given()
        code = self.wrong_code()
        sample = total([self.browser.post(f"{MOUNT}/sign-in", code=code).expect(403)])
        self.measure_right()
        return sample

    def measure_recovery(self) -> Sample:
        """Measure the second step with the recovery code, which turns two-factor off here."""
        self.password_given()
        self.browser.get(f"{MOUNT}/sign-in?recovery=1").expect(200)
        sent = self.browser.post(f"{MOUNT}/sign-in", code=self.recovery_code)
        sample = total([sent.expect(303)])
        self.enrol()
        self.browser.get("/form-page")
        return sample

    def measure_enrolment(self) -> Sample:
        """Measure the enrolment until secret, QR code and recovery code are shown."""
        self.switch_off()
        answers = self.begin_enrolment()
        sample = total(answers)
        sample["page"] = len(answers[-1].body.encode())
        sample["page_cpu"] = answers[-1].cost["cpu"]
        sample["qr"] = len(_SVG.findall(answers[-1].body)[0])
        self.browser.post(f"{MOUNT}/activate", code=self.code(), saved="yes").expect(303)
        self.browser.get("/form-page")
        return sample

    def measure_qr(self) -> Sample:
        return total([self.hook("qr")])

    def measure_preferences(self) -> Sample:
        return total([self.browser.get(f"{MOUNT}/").expect(200)])

    def measure_journey(self) -> Sample:
        """Measure: sign in, turn it on, sign out, sign in with a code, turn it off, sign out."""
        self.switch_off()
        self.fresh_browser()
        answers = [*self.sign_in(), *self.enrol(), *self.sign_out(), *self.sign_in()]
        sent = self.browser.post(f"{MOUNT}/sign-in", code=self.code())
        answers += self.browser.follow(sent.expect(303))
        answers += [*self.switch_off(), *self.sign_out()]
        self.prepare()
        return total(answers)


class NotEnrolled(Bare):
    """A person signed in at our host who has never turned it on."""

    def prepare(self) -> None:
        self.email = BOB
        super().prepare()

    def measure_guard_off(self) -> Sample:
        plain = self.browser.post("/plain").expect(303)
        return added(self.browser.post("/deed").expect(303), plain)


class WithPasskey(PasskeyPerson, Bare):
    """A person at our host with a passkey instead of an app."""

    def prepare(self) -> None:
        self.email = BOB
        super().prepare()
        path = f"{MOUNT}/activate"
        begun = self.browser.ask(path, password=PASSWORD, areas=["deed"], kind="passkey")
        options = json.loads(begun.expect(200).body)["publicKey"]
        credential = json.dumps(self.device.create(options))
        self.browser.ask(path, passkey=credential, saved="yes").expect(200)
        self.browser.get("/form-page").expect(200)

    def options(self) -> tuple[list[Answer], Any]:
        """Ask for the options that the dialog over the host's page asks for."""
        fields = {"area": "deed", "method": "POST", "address": "/deed"}
        answer = self.browser.ask(f"{MOUNT}/passkey", **fields).expect(200)
        return [answer], json.loads(answer.body)["publicKey"]

    def deed(self, assertion: str) -> list[Answer]:
        return [self.browser.post("/deed", twofactor_passkey=assertion).expect(303)]
