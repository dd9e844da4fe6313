"""Which pages may ask for changes."""

from __future__ import annotations

import pytest

from tests.component.test_hosts_and_origins import small_app
from tests.component.test_who_may_call import client_of
from utils.contract import ErrorCode

pytestmark = pytest.mark.anyio


ORIGIN_CASES = [
    # Host, Origin, whether it is the same site
    ("localhost:8002", "http://localhost:8002", True),
    ("LOCALHOST:8002", "http://localhost:8002", True),
    ("[::1]:8002", "http://[::1]:8002", True),
    ("photos.test", "http://photos.test", True),
    ("photos.test", "https://photos.test", True),  # a proxy ends TLS
    ("photos.test:443", "https://photos.test", True),
    ("photos.test:80", "http://photos.test", True),
    ("localhost:8002", "http://localhost", False),
    ("localhost:8002", "http://localhost:3000", False),
    ("localhost:8002", "http://127.0.0.1:8002", False),
    ("photos.test", "http://evil.test", False),
    ("photos.test", "http://photos.test.evil.test", False),
    ("photos.test", "http://photos.test:8002", False),
    ("photos.test:80", "https://photos.test", False),
    ("photos.test", "null", False),
    ("photos.test", "", False),
    ("photos.test", "photos.test", False),
    ("photos.test", "ftp://photos.test", False),
    ("photos.test", "chrome-extension://photos.test", False),
    ("photos.test", "http://photos.test/", False),
    ("photos.test", "http://a@photos.test", False),
    ("photos.test", "http://photos.test http://evil.test", False),
    ("photos.test", "\xff", False),
]


@pytest.mark.parametrize(("host", "origin", "same"), ORIGIN_CASES)
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
async def test_a_page_changes_only_the_site_it_came_from(
    host: str, origin: str, same: bool, method: str
) -> None:
    for key in (None, "k"):
        app, changed = small_app(key=key, hosts=("photos.test",))
        async with client_of(app) as client:
            answer = await client.request(
                method,
                "/change",
                headers=[
                    (b"Host", host.encode()),
                    (b"Origin", origin.encode("latin-1")),
                    (b"Sec-Fetch-Site", b"same-origin"),  # a right one does not help
                    (b"X-API-Key", b"k"),  # nor does a key that a page was given
                ],
            )
        assert (changed == ["yes"]) == same
        if not same:
            assert (answer.status_code, answer.json()["code"]) == (403, ErrorCode.CROSS_SITE)


@pytest.mark.parametrize(
    ("headers", "changes"),
    [
        ({}, True),
        ({"Sec-Fetch-Site": "same-origin"}, True),
        ({"Sec-Fetch-Site": "none"}, True),
        ({"Sec-Fetch-Site": "same-site"}, False),
        ({"Sec-Fetch-Site": "cross-site"}, False),
        ({"Sec-Fetch-Site": "anything"}, False),
        ({"Cookie": "session=good"}, False),
        ({"Cookie": "session=good", "Sec-Fetch-Site": "same-origin"}, True),
        ({"Cookie": "session=good", "Sec-Fetch-Site": "cross-site"}, False),
        ({"Cookie": "session=good", "Origin": "http://localhost:8002"}, True),
        ({"Cookie": "session=good", "X-API-Key": "k"}, True),
        ({"Cookie": "session=good", "X-API-Key": "wrong"}, False),
    ],
)
async def test_without_origin_the_browsers_word_counts_and_a_cookie_alone_does_not(
    headers: dict[str, str], changes: bool
) -> None:
    app, changed = small_app(key="k" if "Cookie" in headers else None)
    async with client_of(app) as client:
        answer = await client.post("/change", headers=headers)
        assert (changed == ["yes"]) == changes
        assert answer.status_code == (200 if changes else 403)
        if "Cookie" in headers:
            assert (await client.get("/look", headers=headers)).status_code == 200


async def test_behind_a_proxy_the_name_that_the_browser_used_counts() -> None:
    for forwarded, origin, status in (
        ("photos.test", "https://photos.test", 200),
        ("photos.test, inner", "https://photos.test", 200),
        ("photos.test", "https://evil.test", 403),
        ("evil.test", "https://evil.test", 403),  # a name that resolves to the proxy
    ):
        app, _ = small_app(hosts=("photos.test",))
        async with client_of(app) as client:
            headers = {"X-Forwarded-Host": forwarded, "Origin": origin}
            assert (await client.post("/change", headers=headers)).status_code == status


async def test_behind_tls_a_page_without_it_is_another_site() -> None:
    app, changed = small_app(hosts=("photos.test",))
    async with client_of(app) as client:
        for scheme, status in (("http", 403), ("https", 200)):
            headers = {"Host": "photos.test", "X-Forwarded-Proto": "https"}
            headers["Origin"] = f"{scheme}://photos.test"
            assert (await client.post("/change", headers=headers)).status_code == status
    assert changed == ["yes"]


async def test_an_origin_that_the_operator_trusts_may_ask_for_changes() -> None:
    app, changed = small_app(trusted=frozenset({"https://gallery.test"}))
    async with client_of(app) as client:
        for origin in ("https://gallery.test", "http://gallery.test"):
            await client.post("/change", headers={"Origin": origin})
    assert changed == ["yes"]
