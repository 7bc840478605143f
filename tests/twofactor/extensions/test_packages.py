"""Flask-Admin, flask-smorest, APIFlask, Flask-HTTPAuth: their how-tos, and requests to them."""

import pytest
from flask_babel import Babel
from flask_login import LoginManager, current_user

from tests.docs.prepared import namespace

pytestmark = pytest.mark.thorough
JSON: dict[str, str] = {}


class TestFlaskAdmin:
    @pytest.fixture
    def admin(self, ran, tmp_path):
        names = namespace(tmp_path)
        # Flask-Admin asks for it wherever Flask-Babel is installed.
        Babel(names["app"])
        return ran("flask-admin", names)

    def test_who_may_come_in_is_decided_first(self, admin):
        for path in ("/admin/user/", "/admin/export/"):
            assert admin.client.get(path).status_code == 403
            assert "twofactor" not in admin.client.get(path).text

    def test_nothing_is_asked_where_it_is_off(self, admin):
        admin.client.get("/enter")
        assert admin.client.get("/admin/user/").status_code == 200
        assert admin.client.post("/admin/export/").text == "exported"

    def test_a_view_takes_a_code_and_then_stays_open(self, admin):
        phone = admin.enrol()
        admin.client.get("/enter")
        asked = admin.client.get("/admin/user/")
        assert (asked.status_code, "one-time-code" in asked.text) == (403, True)
        code = {"X-Twofactor-Code": phone.code()}
        assert admin.client.get("/admin/user/", headers=code).status_code == 200
        assert admin.client.get("/admin/user/new/").status_code == 200
        made = admin.client.post("/admin/user/new/", data={"name": "Grace"})
        assert made.location == "/admin/user/"

    def test_a_form_is_kept_and_done_once(self, admin):
        phone = admin.enrol()
        admin.client.get("/enter")
        asked = admin.client.post("/admin/user/new/", data={"name": "Grace"})
        assert asked.status_code == 403
        form = {"name": "Grace", "twofactor_code": phone.code()}
        assert admin.client.post("/admin/user/new/", data=form).location == "/admin/user/"
        with admin.app.app_context():
            assert len(admin.db.session.query(admin.names["User"]).all()) == 2

    def test_the_menu_of_other_pages_asks_nothing(self, admin):
        admin.enrol()
        admin.client.get("/enter")
        assert admin.client.get("/admin/").status_code == 200

    def test_one_page_has_a_guard_of_its_own(self, admin):
        phone = admin.enrol()
        admin.client.get("/enter")
        assert admin.client.get("/admin/export/").status_code == 200
        assert admin.client.post("/admin/export/").status_code == 403
        code = {"twofactor_code": phone.code()}
        assert admin.client.post("/admin/export/", data=code).text == "exported"


@pytest.fixture(params=["flask-smorest", "apiflask"])
def notes(request, ran, own):
    """The two packages that read and write bodies by schemas."""
    if request.param == "flask-smorest":
        found = ran("flask-smorest")
        found.path = "/notes/"
    else:
        from apiflask import APIFlask

        found = ran("apiflask", own(APIFlask("notes")))
        found.path = "/notes"
    return found


class TestSchemas:
    def test_the_answer_has_its_schema_and_its_status(self, notes):
        notes.client.get("/enter")
        sent = notes.client.post(notes.path, json={"text": "a"})
        assert (sent.status_code, sent.get_json()) == (201, {"text": "a"})

    def test_also_after_a_code(self, notes):
        phone = notes.enrol()
        notes.client.get("/enter")
        asked = notes.client.post(notes.path, json={"text": "a"})
        assert (asked.status_code, asked.get_json()["error"]) == (403, "twofactor_required")
        code = {"X-Twofactor-Code": phone.code()}
        sent = notes.client.post(notes.path, json={"text": "a"}, headers=code)
        assert (sent.status_code, sent.get_json()) == (201, {"text": "a"})

    def test_a_wrong_body_uses_up_no_code(self, notes):
        phone = notes.enrol()
        notes.client.get("/enter")
        code = {"X-Twofactor-Code": phone.code()}
        assert notes.client.post(notes.path, json={}, headers=code).status_code == 422
        right = notes.client.post(notes.path, json={"text": "a"}, headers=code)
        assert right.status_code == 201

    def test_nobody_signed_in(self, notes):
        refused = notes.client.post(notes.path, json={"text": "a"}, headers=JSON)
        assert refused.status_code in (302, 401)

    def test_the_description_names_the_body_and_the_answer(self, notes):
        with notes.app.test_request_context():
            if notes.path == "/notes":
                # It asks every blueprint, ours too.
                spec = notes.app.spec
            else:
                (api,) = notes.app.extensions["flask-smorest"]["apis"].values()
                spec = api["ext_obj"].spec.to_dict()
        described = spec["paths"][notes.path]["post"]
        assert "requestBody" in described
        assert "201" in described["responses"]


class TestTokens:
    """F-69: HTTP authentication, where each request names its user."""

    @pytest.fixture(params=["token-api", "apiflask"])
    def api(self, request, ran, own):
        if request.param == "token-api":
            found = ran("token-api")
            found.path, found.done = "/transfers", 201
        else:
            from apiflask import APIFlask

            found = ran("apiflask", own(APIFlask("tokens")))
            found.path, found.done = "/payments", 204
        return found

    def send(self, api, token="1", **headers):
        client = api.app.test_client(use_cookies=False)
        headers = JSON | {"Authorization": f"Bearer {token}"} | headers
        answer = client.post(api.path, json={"amount": 5}, headers=headers)
        assert "Set-Cookie" not in answer.headers
        return answer

    def test_a_wrong_token(self, api):
        assert self.send(api, token="7").status_code == 401

    def test_a_code_for_each_request_and_no_cookie(self, api):
        assert self.send(api).status_code == api.done
        phone = api.enrol()
        asked = self.send(api)
        assert (asked.status_code, asked.get_json()["error"]) == (403, "twofactor_required")
        code = phone.code()
        assert self.send(api, **{"X-Twofactor-Code": code}).status_code == api.done
        used = self.send(api, **{"X-Twofactor-Code": code})
        assert (used.status_code, used.get_json()["error"]) == (403, "twofactor_invalid")
        for _ in range(5):
            assert self.send(api, **{"X-Twofactor-Code": phone.wrong_code()}).status_code == 403
        held = self.send(api, **{"X-Twofactor-Code": phone.wrong_code()})
        assert (held.status_code, held.get_json()["error"]) == (429, "twofactor_throttled")
        assert int(held.headers["Retry-After"]) > 0

    def test_programs_take_no_place_of_the_owners_browsers(self, api):
        """Only ten browsers are known at a time."""
        phone = api.enrol()
        for _ in range(12):
            sent = self.send(api, **{"X-Twofactor-Code": phone.code()})
            assert sent.status_code == api.done
        tickets = api.app.extensions["twofactor"].tables.ticket
        with api.app.app_context():
            kinds = set(api.db.session.scalars(api.db.select(tickets.c.kind)))
        assert "known" not in kinds

    def test_a_browser_that_sends_a_form_is_known_as_ever(self, ran):
        """The page of a mailed link has no session before, either."""
        host = ran("class-based-views")
        phone = host.enrol()

        @host.app.post("/link")
        def link():
            host.names["twofactor"].require("profile", user=host.user)
            return "done"

        host.app._got_first_request = False
        answer = host.app.test_client().post("/link", data={"twofactor_code": phone.code()})
        assert "twofactor_known" in answer.headers["Set-Cookie"]


def test_a_user_of_each_request_gets_no_cookie_from_the_decorator(tmp_path, ran):
    """Flask-Login's `request_loader` names the user without a session, too."""
    names = namespace(tmp_path)
    login: LoginManager = names["app"].login_manager

    @login.request_loader
    def by_header(request):
        return names["user_of_token"]("1") if "Authorization" in request.headers else None

    host = ran("class-based-views", names)
    phone = host.enrol()
    headers = JSON | {"Authorization": "1"}
    assert host.client.post("/bank", headers=headers).status_code == 403
    answer = host.client.post("/bank", headers=headers | {"X-Twofactor-Code": phone.code()})
    assert answer.status_code == 303
    assert "Set-Cookie" not in answer.headers
    assert not current_user
