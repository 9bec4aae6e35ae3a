"""Whoever has no key stays outside."""

import pytest

from monitor.service.keys import ApiKeys

KEYS = ("first-key", "zweiter-schlüssel")


@pytest.fixture
def ask(house):
    app = ApiKeys(house.app, KEYS)

    def ask(path, key=None):
        headers = {} if key is None else {"Authorization": key}
        return house.ask("GET", path, app=app, headers=headers)

    return ask


@pytest.mark.parametrize("path", ["/v1/models", "/metrics", "/docs", "/openapi.json", "/nowhere"])
def test_without_a_key_nothing_is_shown(ask, problem_of, path):
    answer = ask(path)

    assert "Authorization: Bearer" in problem_of(answer, 401)
    assert answer.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_health_needs_no_key(ask, path):
    assert ask(path).status_code == 200


@pytest.mark.parametrize(
    "sent",
    ["Bearer first-key", "bearer first-key", "Bearer  first-key ", b"Bearer " + KEYS[1].encode()],
)
def test_any_of_the_keys_opens(ask, sent):
    assert ask("/v1/models", sent).status_code == 200


@pytest.mark.parametrize("sent", ["Bearer first-ke", "Bearer first-keyy", "Bearer FIRST-KEY"])
def test_another_key_does_not(ask, problem_of, sent):
    problem_of(ask("/v1/models", sent), 403)


@pytest.mark.parametrize("sent", ["", "Bearer", "Bearer ", "Basic first-key", "first-key"])
def test_what_is_no_bearer_token_is_no_key(ask, problem_of, sent):
    problem_of(ask("/v1/models", sent), 401)


def test_without_keys_everyone_may_come_in(house):
    assert house.ask("GET", "/v1/models", app=ApiKeys(house.app, ())).status_code == 200
