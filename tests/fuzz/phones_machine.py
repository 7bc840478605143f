"""People who add, rename and remove phones, rightly and wrongly."""

from hypothesis import strategies as st
from hypothesis.stateful import rule

from .base import browsers, csrfs, dresses, hows, numbers
from .host_people import HostPeople, passwords
from .pages_model import MOUNT
from .phones_model import FIRST, NEW
from .requests import Sent

NAMES = (
    "Tablet",
    "Tablet",
    "tablet ",
    "Phone 2",
    FIRST,
    "",
    " \u200b\n",
    "x" * 41,
    "x" * 201,
    "<b>\0</b>",
)
names = st.sampled_from([*NAMES, *(f"Phone {number}" for number in range(3, 9))])


class PhonesMachine(HostPeople):
    """Rules for the authenticators."""

    @rule(
        at=browsers,
        name=names,
        how=hows,
        first=hows,
        n=numbers,
        dress=dresses,
        csrf=csrfs,
        dawdles=st.sampled_from([0, 0, 0, 0, 30, 899, 900]),
        password=passwords,
    )
    def adds_a_phone(self, at, name, how, first, n, dress, csrf, dawdles, password) -> None:
        """Add a phone in both steps, reading the secret in between."""
        browser = self.at_home(at, n)
        typed = self.typed(browser.session.user, how, n)
        sent = Sent("POST", f"{MOUNT}{NEW}", answers=[typed])
        fields = [("name", name), *self.password_fields(browser, password)]
        sent = self.dressed(sent, dress, fields)
        self.do(browser, self.with_token(browser, sent, csrf))
        self.do(browser, Sent("GET", f"{MOUNT}{NEW}"))
        self.clock.advance(dawdles)
        self.sends_the_first_code(browser, first, n, dress, csrf)
        self.look(browser)

    def sends_the_first_code(self, browser, how, n, dress, csrf) -> None:
        ticket = browser.session.marks.get("authenticator")
        secret = ticket.data.get("secret") if ticket else None
        typed = self.typed(browser.session.user, how, n, secret)
        sent = self.dressed(Sent("POST", f"{MOUNT}{NEW}", answers=[typed]), dress, [])
        self.do(browser, self.with_token(browser, sent, csrf))

    @rule(at=browsers, whose=st.sampled_from([0, 0, 0, 1]), which=numbers, name=names, n=numbers)
    def renames_a_phone(self, at: int, whose: int, which: int, name: str, n: int) -> None:
        browser = self.at_home(at, n)
        path = self.page_of_a_phone(browser, whose, which)
        if n % 3 == 0:
            self.do(browser, Sent("GET", path))
        sent = Sent("POST", path, fields=[("name", name)] * (1 + (n % 11 == 0)))
        self.do(browser, self.with_token(browser, sent))
        self.look(browser)

    @rule(
        at=browsers,
        whose=st.sampled_from([0, 0, 0, 1]),
        which=numbers,
        how=hows,
        n=numbers,
        dress=dresses,
        csrf=csrfs,
        password=passwords,
    )
    def removes_a_phone(self, at, whose, which, how, n, dress, csrf, password) -> None:
        browser = self.at_home(at, n)
        path = f"{self.page_of_a_phone(browser, whose, which)}/remove"
        if n % 9 == 0:
            self.do(browser, Sent("GET", path))
        sent = Sent("POST", path, answers=[self.typed(browser.session.user, how, n)])
        fields = [*self.password_fields(browser, password), *[("name", "x")] * (n % 7 == 0)]
        sent = self.dressed(sent, dress, fields)
        self.do(browser, self.with_token(browser, sent, csrf))
        self.look(browser)

    @rule(at=browsers, name=names, n=numbers, which=numbers)
    def changes_phones(self, at: int, name: str, n: int, which: int) -> None:
        """Add a phone, then remove one with a code of either."""
        browser = self.protected(at)
        self.clock.advance(30)
        self.adds_a_phone(at, name, "right", "right", n, "form", "good", 0, "right")
        self.clock.advance(30)
        user, path = browser.session.user, self.page_of_a_phone(browser, 0, which)
        fields = self.password_fields(browser, "right")
        typed = self.typed(user, "right", n)
        for _ in range(2):
            sent = Sent("POST", f"{path}/remove", fields=fields, answers=[typed])
            self.do(browser, self.with_token(browser, sent))
        self.look(browser)

    def page_of_a_phone(self, browser, whose: int, which: int) -> str:
        """The page of a phone, mostly the user's own; at times another's or nobody's."""
        self.look(browser)
        user = browser.session.user
        if whose:
            user = next((name for name in self.names if name != user), user)
        account = self.model.accounts.get(user or "")
        known = [phone.number for phone in (account.phones if account else ()) if phone.number]
        number = known[which % len(known)] if known and which % 10 else f"{which:032}"
        return f"{MOUNT}/authenticators/{number}"
