"""What the app shows to who has imported nothing yet."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Browser, expect

from tests.browser.app_rig import Pages, real_app


def test_who_has_imported_nothing_is_led_to_a_folder(
    chromium: Browser, inference_url: str, tmp_path: Path
) -> None:
    with real_app(tmp_path / "new", inference_url, count=3, is_imported=False) as fresh:
        pages = Pages(chromium, fresh)
        page = pages.at("/imports")
        expect(page.get_by_role("heading", name="Show Photoseek your pictures")).to_be_visible()
        page.get_by_role("link", name=str(fresh.library.folder)).click()
        expect(page.get_by_role("treeitem").first).to_have_attribute("aria-selected", "true")
        pages.close()
        assert pages.complaints == []
