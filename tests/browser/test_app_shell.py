"""What stands around every place: navigation, theme, language, addresses, keys, logging in."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page, Route, expect

from tests.browser.app_rig import PHONE, App, Pages, real_app

KEY = "correct horse battery"
PLACES = ("Photos", "Map", "Albums", "Tidy up", "Imports", "System")


def test_each_place_has_an_address_a_title_and_a_way_back(pages: Pages) -> None:
    page = pages.at("/")
    navigation = page.get_by_role("navigation")
    for name in PLACES:
        navigation.get_by_role("link", name=name, exact=True).click()
        expect(navigation.locator("[aria-current=page]")).to_have_text(name)
        assert "Photoseek" in page.title()
    assert page.url.endswith("/system")
    page.go_back()
    expect(navigation.locator("[aria-current=page]")).to_have_text("Imports")
    page.reload()
    expect(navigation.locator("[aria-current=page]")).to_have_text("Imports")


def test_on_a_phone_what_has_no_room_below_is_in_a_menu(pages: Pages) -> None:
    page = pages.at("/", size=PHONE)
    expect(page.get_by_role("link", name="Imports")).to_be_visible()
    assert not page.get_by_role("link", name="System").is_visible()
    page.get_by_role("button", name="More").click()
    page.get_by_role("menuitem", name="System").click()
    expect(page).to_have_url(f"{pages.app.url}/system")


def test_light_and_dark_are_the_systems_until_somebody_switches(pages: Pages) -> None:
    page = pages.at("/help", dark=True)
    html = page.locator("html")
    expect(html).to_have_attribute("data-theme", "dark")
    expect(page.get_by_role("heading", name="Help")).to_be_visible()
    page.emulate_media(color_scheme="light")
    expect(html).to_have_attribute("data-theme", "light")
    page.get_by_role("button", name="Light or dark").click()
    expect(html).to_have_attribute("data-theme", "dark")
    page.reload()
    expect(html).to_have_attribute("data-theme", "dark")


def test_german_is_spoken_to_who_reads_german_and_can_be_chosen(pages: Pages) -> None:
    page = pages.at("/help", language="de-DE")
    expect(page.get_by_role("heading", name="Hilfe")).to_be_visible()
    assert page.locator("html").get_attribute("lang") == "de"
    page.get_by_role("button", name="Sprache und Konto").click()
    page.get_by_role("menuitemradio", name="English").click()
    expect(page.get_by_role("heading", name="Help")).to_be_visible()


def test_keys_lead_from_place_to_place_and_into_the_search(pages: Pages) -> None:
    page = pages.at("/help")
    expect(page.get_by_role("heading", name="Help")).to_be_visible()
    page.keyboard.press("g")
    page.keyboard.press("i")
    expect(page).to_have_url(f"{pages.app.url}/imports")
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.keyboard.type("gi")
    expect(page.get_by_role("searchbox")).to_have_value("gi")


def test_an_address_that_nobody_has_says_so_and_leads_home(pages: Pages) -> None:
    pages.expected.append("status of 404")  # of the pages themselves
    for address in ("/nonsense", "/constructor/x", "/%E0%A4%A", "/help/far/away", "/map/x"):
        page = pages.at(address)
        expect(page.get_by_role("heading", name="There is nothing here")).to_be_visible()
    page.get_by_role("link", name="To all photos", exact=True).click()
    expect(page.get_by_role("heading", name="Photos")).to_be_visible()


def logged_in(page: Page, key: str = KEY) -> None:
    page.get_by_label("API key").fill(key)
    page.get_by_role("button", name="Log in").click()


def test_with_a_key_nothing_is_shown_before_the_login_and_the_address_is_kept(
    app: App, pages: Pages, inference_url: str, tmp_path: Path
) -> None:
    pages.expected += ["status of 401", "ERR_CONNECTION_REFUSED"]
    with real_app(tmp_path, inference_url, key=KEY, count=4) as keyed:
        page = pages.at("/help?in=default", url=keyed.url)
        expect(page.get_by_label("API key")).to_be_focused()
        assert page.get_by_role("navigation").count() == 0
        logged_in(page, "wrong")
        expect(page.get_by_role("alert")).to_contain_text("not the key")
        assert page.context.cookies() == []
        logged_in(page)
        expect(page.get_by_role("heading", name="Help")).to_be_visible()
        assert page.url == f"{keyed.url}/help?in=default"
        page.evaluate("localStorage.setItem('tidy:default', '[]')")  # of before there was a key
        page.get_by_role("link", name="Tidy up").click()
        expect(page.get_by_role("heading", name="Nobody has looked")).to_be_visible()
        assert page.evaluate("localStorage.length") == 0
        page.evaluate("sessionStorage.setItem('tidy:default', 'paths')")
        page.get_by_role("button", name="Language and account").click()
        page.get_by_role("menuitem", name="Log out").click()
        expect(page.get_by_label("API key")).to_be_visible()
        assert page.evaluate("[sessionStorage.length, localStorage.length]") == [0, 0]


def test_a_login_leads_to_places_of_the_app_alone(
    pages: Pages, inference_url: str, tmp_path: Path
) -> None:
    pages.expected += ["status of 401", "ERR_CONNECTION_REFUSED"]
    with real_app(tmp_path, inference_url, key=KEY, count=4) as keyed:
        for foreign in (
            "//evil.test/",
            "https://evil.test/",
            "/\\evil.test",
            "/%09/evil.test",
            "javascript:alert(1)",
        ):
            page = pages.at(f"/login?next={foreign}", url=keyed.url)
            logged_in(page)
            expect(page).to_have_url(f"{keyed.url}/")
            expect(page.get_by_role("gridcell").first).to_be_visible()  # all of it is there


def test_nothing_answering_is_said_and_asked_again(pages: Pages) -> None:
    pages.expected.append("ERR_FAILED")
    page = pages.at("/help")
    expect(page.get_by_role("heading", name="Help")).to_be_visible()
    page.route("**/api/**", lambda route: route.abort())
    page.route("**/health/**", lambda route: route.abort())
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(page.get_by_text("No connection to Photoseek")).to_be_visible()
    page.unroute("**/api/**")
    page.unroute("**/health/**")
    page.get_by_role("button", name="Try now").click()
    expect(page.get_by_text("Next try in")).to_have_count(0)


def test_two_tries_that_meet_nobody_are_followed_by_one_more_at_a_time(pages: Pages) -> None:
    pages.expected.append("ERR_FAILED")
    page = pages.blank(size=(1440, 900), dark=False, language="en-GB")
    page.clock.install()
    page.goto(f"{pages.app.url}/help")
    expect(page.get_by_role("heading", name="Help")).to_be_visible()
    tries: list[Route] = []
    page.route("**/api/**", lambda route: route.abort())
    page.route("**/health/**", lambda route: tries.append(route))
    look = "document.dispatchEvent(new Event('visibilitychange'))"
    page.evaluate(look)
    said = page.get_by_text("No connection to Photoseek")
    expect(said).to_be_visible()
    with page.expect_request("**/health/**"):
        page.get_by_role("button", name="Try now").click()
    with page.expect_event("requestfailed"):
        page.evaluate(look)  # while that one is under way
    with page.expect_event("requestfailed"):
        tries[0].abort()
    page.unroute("**/health/**")
    page.unroute("**/api/**")
    page.get_by_role("button", name="Try now").click()
    expect(said).to_have_count(0)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.clock.run_for(10_000)
    page.evaluate("fetch('/static/icon.svg')")  # what was asked for before is known by then
    assert [url for url in asked if "/health/" in url] == []
