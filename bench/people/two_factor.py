"""A person at a host with django-two-factor-auth."""

from ..browser import Answer
from ..common import PASSWORD
from .base import Person, Sample, added, found, total

LOGIN, SETUP = "/account/login/", "/account/two_factor/setup/"
_SECRET = r"TOTP Secret:[^>]*>([A-Z2-7]+)<"


class TwoFactorAuth(Person):
    asks = "otp_token"

    def prepare(self) -> None:
        self.sign_in()
        self.enrol()

    def _wizard(self, path: str, step: str, **fields: str) -> Answer:
        view = "login_view" if path == LOGIN else "setup_view"
        named = {f"{step}-{name}": value for name, value in fields.items()}
        return self.browser.post(path, **{f"{view}-current_step": step}, **named)

    def sign_in(self) -> list[Answer]:
        page = self.browser.get(LOGIN).expect(200)
        sent = self._wizard(LOGIN, "auth", username=self.email, password=PASSWORD)
        return [page, *self.browser.follow(sent.expect(200, 302))]

    def begin_enrolment(self) -> list[Answer]:
        welcome = self.browser.get(SETUP).expect(200)
        page = self._wizard(SETUP, "welcome").expect(200)
        self.read_secret(page.body, _SECRET)
        return [welcome, page, self.browser.get("/account/two_factor/qrcode/").expect(200)]

    def enrol(self) -> list[Answer]:
        answers = self.begin_enrolment()
        sent = self._wizard(SETUP, "generator", token=self.code())
        return [*answers, *self.browser.follow(sent.expect(302))]

    def switch_off(self) -> list[Answer]:
        page = self.browser.get("/account/two_factor/disable/").expect(200)
        sent = self.browser.post("/account/two_factor/disable/", understand="on")
        return [page, *self.browser.follow(sent.expect(302))]

    def sign_out(self) -> list[Answer]:
        page = self.browser.get("/account/two_factor/").expect(200)
        return [page, *self.browser.follow(self.browser.post("/logout").expect(302))]

    def second_step(self) -> Answer:
        return self._wizard(LOGIN, "token", otp_token=self.code()).expect(302)

    def measure_guard_view(self) -> Sample:
        """Measure its guard, which requires a sign-in with the second step."""
        plain = self.browser.get("/plain").expect(200)
        return added(self.browser.get("/guarded").expect(200), plain)

    def measure_right(self) -> Sample:
        self.password_given()
        return total([self.second_step()])

    def measure_wrong(self) -> Sample:
        self.password_given()
        code = self.wrong_code()
        sample = total([self._wizard(LOGIN, "token", otp_token=code).expect(200)])
        self.second_step()
        return sample

    def measure_recovery(self) -> Sample:
        self.browser.get("/account/two_factor/backup/tokens/").expect(200)
        sent = self.browser.post("/account/two_factor/backup/tokens/")
        page = self.browser.follow(sent.expect(302))[-1].body
        token = found(r"<li>([a-z2-7]{8})</li>", page)
        self.password_given()
        self.browser.post(LOGIN, wizard_goto_step="backup").expect(200)
        self.browser.do("forgive")
        return total([self._wizard(LOGIN, "backup", otp_token=token).expect(302)])

    def measure_enrolment(self) -> Sample:
        self.switch_off()
        answers = self.begin_enrolment()
        sample = total(answers)
        sample["page"] = sum(len(answer.body) for answer in answers[1:])
        sample["page_cpu"] = sum(answer.cost["cpu"] for answer in answers[1:])
        sample["qr"] = len(answers[-1].body)
        self._wizard(SETUP, "generator", token=self.code()).expect(302)
        return sample

    def measure_journey(self) -> Sample:
        self.switch_off()
        self.fresh_browser()
        answers = [*self.sign_in(), *self.enrol(), *self.sign_out(), *self.sign_in()]
        answers += self.browser.follow(self.second_step())
        answers += [*self.switch_off(), *self.sign_out()]
        self.prepare()
        return total(answers)
