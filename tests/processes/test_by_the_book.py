"""docs/operations.md, followed to the letter on a bare machine, on another port than 443."""

import importlib.util
import re
import shlex
from collections.abc import Iterator
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType

import pytest

from tests.support.forms import submit
from tests.support.https import Https
from tests.support.machine import Machine
from tests.support.nginx import NAME, ROOT, Nginx
from tests.support.ports import free_port
from tests.support.smtp import mail_server

pytestmark = [pytest.mark.slow, pytest.mark.postgres]

PAGE = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
PASSWORD = "plum-coffee-lantern-42"


def lines(section: str) -> list[str]:
    """The commands of a section of the page, in their order."""
    text = re.split(r"\n##+ ", PAGE.split(f"# {section}\n")[1])[0]
    blocks = re.findall(r"^```console\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    found = [line[2:] for block in blocks for line in block.splitlines() if line.startswith("$ ")]
    assert found, section
    return found


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    port = free_port()
    nginx = Nginx(tmp_path / "nginx", [port, free_port()], started=False)
    machine = Machine(tmp_path / "machine", nginx, port)
    yield machine
    machine.turn_off()


def fill_in(path: Path, values: dict[str, str]) -> None:
    """Fill in the environment file; lines that it does not have are added."""
    text = path.read_text()
    for name, value in values.items():
        line = f"{name}={value}"
        text, found = re.subn(rf"^{name}=.*$", lambda _, line=line: line, text, flags=re.MULTILINE)
        text += "" if found else f"{line}\n"
    path.write_text(text)


def test_the_page_leads_to_a_portal_that_works(machine: Machine, database: str) -> None:
    """F-111, F-112, F-113: by the lines of the page and the file as shipped, filled in."""
    mail, port = free_port(), machine.nginx.port
    made: list[str] = []
    with mail_server(mail) as mailbox:
        for line in lines("Installing"):
            written = machine.type(line, f"{PASSWORD}\n")
            if line.startswith("python3 -c"):
                made.append(written.strip())
            if len(made) == 2 and line.startswith("python3 -c"):
                values = {
                    "PORTAL_PUBLIC_URL": f"https://{NAME}:{port}",
                    "PORTAL_SQLALCHEMY_DATABASE_URI": database,
                    "PORTAL_SECRET_KEY": made[0],
                    "PORTAL_TWOFACTOR_KEYS": made[1],
                    "PORTAL_MAIL_SERVER": "127.0.0.1",
                    "PORTAL_MAIL_PORT": str(mail),
                    "PORTAL_MAIL_TLS": "none",
                    "WEB_CONCURRENCY": "2",
                }
                fill_in(machine.root / "etc" / "portal.env", values)
            if line in ("portal db upgrade", "portal user create ada --email ada@example.org"):
                shown = re.sub(r"\?.*", "", database)
                assert f"Database: {shown}" in written.replace("%2F", "/"), written
        sign_in_and_be_mailed(machine)
        machine.fire("portal-upkeep.service")
        again = lines("A new release")
        assert again[0] in lines("Installing")
        for line in again[1:]:  # the release is the same, and so would be its installation
            machine.type(line)
        sign_in_and_be_mailed(machine)
    assert mailbox.recipients.count("ada@example.org") >= 2
    assert all(
        f"https://{NAME}:{port}/" in each.get_body(("plain",)).get_content()
        for each in mailbox.mails
    )
    assert not list((machine.root / "srv" / "portal" / "instance").iterdir()), "nothing was made up"
    assert "Traceback" not in machine.journal


def sign_in_and_be_mailed(machine: Machine) -> None:
    """A browser that tells its origin alone, with the port, signs in; a form sends a mail."""
    for old in (True, False):
        address = {"Host": f"{NAME}:{machine.nginx.port}"}
        certificate = machine.nginx.certificate
        browser = Https(NAME, machine.nginx.port, certificate, headers=address, old=old)
        answer = submit(browser, "/login", {"identity": "ada", "password": PASSWORD})
        assert (answer.status_code, answer.location) == (303, "/"), machine.journal[-2000:]
        assert browser.get("/").status_code == 200
    other = Https(NAME, machine.nginx.port, certificate, headers=address)
    assert submit(other, "/forgot", {"email": "ada@example.org"}).status_code == 200


# -- the command `portal` --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def command() -> ModuleType:
    loader = SourceFileLoader("portal_command", str(ROOT / "deploy" / "portal"))
    spec = importlib.util.spec_from_loader("portal_command", loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("A=1\nB=2", {"A": "1", "B": "2"}),
        ("# A=1\n; B=2\n\n  C=3  \n", {"C": "3"}),
        ("A=", {"A": ""}),
        ("A=a b  c ", {"A": "a b  c"}),
        ("A='a \"b\" $c'", {"A": 'a "b" $c'}),
        ('A="a \\"b\\" \\$c \\n"', {"A": 'a "b" $c \\n'}),
        ("A=$(rm -rf /)`x`$HOME", {"A": "$(rm -rf /)`x`$HOME"}),
        ("A=one\\\ntwo", {"A": "onetwo"}),
        ('A="one\ntwo"', {"A": "one\ntwo"}),
        ("A=p@ss'word\"", {"A": "p@ss'word\""}),
        ("A=a\\ ", {"A": "a "}),
        ("A=a=b", {"A": "a=b"}),
        ("no setting\nA=1", {"A": "1"}),
        ("# a comment \\\nA=1\nB=2", {"B": "2"}),
        ("A=\"a\" 'b'", {"A": "ab"}),
    ],
)
def test_the_file_is_read_as_systemd_reads_it(
    command: ModuleType, text: str, found: dict[str, str]
) -> None:
    """F-111: systemd.exec(5), EnvironmentFile="""
    assert command.settings(text) == found


def test_the_file_as_shipped_is_read(command: ModuleType) -> None:
    text = (ROOT / "deploy" / "portal.env").read_text(encoding="utf-8")
    assert command.settings(text)["PORTAL_MAIL_FROM"] == "Customer Portal <portal@example.org>"


def test_a_file_in_another_encoding(command: ModuleType, tmp_path, monkeypatch) -> None:
    """Comments may be in any, as for systemd; a setting is named."""
    ran: list[dict[str, str]] = []
    monkeypatch.setattr("os.execve", lambda _program, _words, environment: ran.append(environment))
    monkeypatch.setattr(command, "become", lambda _account: None)
    file = tmp_path / "portal.env"
    monkeypatch.setattr(command, "FILE", str(file))
    file.write_bytes("# für Ada\nPORTAL_COMPANY=Ada\n".encode("latin-1"))
    command.main()
    assert ran[0]["PORTAL_COMPANY"] == "Ada"
    file.write_bytes("PORTAL_COMPANY=Müller\n".encode("latin-1"))
    with pytest.raises(SystemExit, match=r"portal\.env: PORTAL_COMPANY must be written in UTF-8"):
        command.main()


@pytest.mark.parametrize("line", ["portal --help", "portal db upgrade"])
def test_without_the_file_or_the_account_it_says_so(
    command: ModuleType, line: str, tmp_path, monkeypatch
) -> None:
    monkeypatch.setattr("sys.argv", shlex.split(line))
    monkeypatch.setattr(command, "FILE", str(tmp_path / "none"))
    with pytest.raises(SystemExit, match=r"none can't be read: No such file"):
        command.main()
    with pytest.raises(SystemExit, match="no account 'nobody-of-that-name'"):
        command.become("nobody-of-that-name")
