"""Dates in names: what cameras, phones and people write is read, and numbers are not."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from utils.metadata.beside.name_dates import (
    NamedDate,
    Precision,
    date_in_folders,
    date_in_name,
)

LATEST = datetime(2026, 6, 1)  # noqa: DTZ001  # naive, as all times of photographs

DATED = {
    "IMG_20190704_153012.jpg": "2019-07-04T15:30:12",
    "IMG_20190704_153012_1.jpg": "2019-07-04T15:30:12",
    "IMG_20190704_153012_HDR.jpg": "2019-07-04T15:30:12",
    "IMG_20190704_153012~2.jpg": "2019-07-04T15:30:12",
    "IMG_20190704_153012(1).jpg": "2019-07-04T15:30:12",
    "IMG_20190704_153012345.jpg": "2019-07-04T15:30:12.345",
    "IMG20190704153012.jpg": "2019-07-04T15:30:12",
    "IMG_2019_07_04_15_30_12.jpg": "2019-07-04T15:30:12",
    "20190704_153012.jpg": "2019-07-04T15:30:12",
    "20190704-153012.heic": "2019-07-04T15:30:12",
    "20190704153012.jpg": "2019-07-04T15:30:12",
    "20190704153012345.jpg": "2019-07-04T15:30:12.345",
    "20190704T153012.dng": "2019-07-04T15:30:12",
    "20190704 153012.jpg": "2019-07-04T15:30:12",
    "VID_20190704_153012.mp4": "2019-07-04T15:30:12",
    "MVIMG_20190704_153012.jpg": "2019-07-04T15:30:12",
    "PANO_20190704_153012.jpg": "2019-07-04T15:30:12",
    "PXL_20210704_153012345.jpg": "2021-07-04T15:30:12.345Z",
    "PXL_20210704_153012345.MP.jpg": "2021-07-04T15:30:12.345Z",
    "PXL_20210704_153012345.PORTRAIT-01.COVER.jpg": "2021-07-04T15:30:12.345Z",
    "00000IMG_00000_BURST20190704153012345_COVER.jpg": "2019-07-04T15:30:12.345",
    "BURST20190704153012.jpg": "2019-07-04T15:30:12",
    "P_20190704_153012.jpg": "2019-07-04T15:30:12",
    "P_20190704_153012_vHDR_Auto.jpg": "2019-07-04T15:30:12",
    "C360_2013-07-04-15-30-12-345.jpg": "2013-07-04T15:30:12.345",
    "DJI_20190704153012_0001_D.JPG": "2019-07-04T15:30:12",
    "WIN_20190704_15_30_12_Pro.jpg": "2019-07-04T15:30:12",
    "WP_20130704_15_30_12_Pro.jpg": "2013-07-04T15:30:12",
    "WP_20130704_001.jpg": "2013-07-04",
    "InShot_20190704_153012345.jpg": "2019-07-04T15:30:12.345",
    "lv_0_20190704153012.jpg": "2019-07-04T15:30:12",
    "Screenshot_20190704-153012.png": "2019-07-04T15:30:12",
    "Screenshot_20190704-153012_Chrome.jpg": "2019-07-04T15:30:12",
    "Screenshot_20190704_153012_com.android.chrome.jpg": "2019-07-04T15:30:12",
    "Screenshot_2019-07-04-15-30-12.png": "2019-07-04T15:30:12",
    "Screenshot_2019-07-04-15-30-12-123_com.whatsapp.jpg": "2019-07-04T15:30:12.123",
    "Screenshot from 2019-07-04 15-30-12.png": "2019-07-04T15:30:12",
    "Screenshot 2019-07-04 at 15.30.12.png": "2019-07-04T15:30:12",
    "Screenshot 2019-07-04 153012.png": "2019-07-04T15:30:12",
    "Screen Shot 2019-07-04 at 3.30.12 PM.png": "2019-07-04T15:30:12",
    "Screen Shot 2019-07-04 at 12.30.12 AM.png": "2019-07-04T00:30:12",
    "Screen Shot 2019-07-04 at 12.30.12\u202fPM.png": "2019-07-04T12:30:12",
    "Bildschirmfoto 2019-07-04 um 15.30.12.png": "2019-07-04T15:30:12",
    "Capture d’écran 2019-07-04 à 15.30.12.png": "2019-07-04T15:30:12",
    "Capture d’écran 2019-07-04 a\u0300 15.30.12.png": "2019-07-04T15:30:12",
    "Schermafbeelding 2019-07-04 om 15.30.12.png": "2019-07-04T15:30:12",
    "Schermata 2019-07-04 alle 15.30.12.png": "2019-07-04T15:30:12",
    "Captura de pantalla 2019-07-04 a las 15.30.12.png": "2019-07-04T15:30:12",
    "Skärmavbild 2019-07-04 kl. 15.30.12.png": "2019-07-04T15:30:12",
    "WhatsApp Image 2019-07-04 at 15.30.12.jpeg": "2019-07-04T15:30:12",
    "WhatsApp Image 2019-07-04 at 15.30.12 (1).jpeg": "2019-07-04T15:30:12",
    "WhatsApp Image 2019-07-04 at 3.30.12 PM.jpeg": "2019-07-04T15:30:12",
    "IMG-20190704-WA0001.jpg": "2019-07-04",
    "IMG-20190704-WA0001(1).jpeg": "2019-07-04",
    "VID-20190704-WA0012.mp4": "2019-07-04",
    "signal-2019-07-04-153012.jpg": "2019-07-04T15:30:12",
    "signal-2019-07-04-15-30-12-345-1.jpg": "2019-07-04T15:30:12.345",
    "signal-2019-07-04-153012_002.jpeg": "2019-07-04T15:30:12",
    "photo_2019-07-04_15-30-12.jpg": "2019-07-04T15:30:12",
    "photo_5@04-07-2019_15-30-12 2019-07-04.jpg": "2019-07-04",
    "2019-07-04 15.30.12.jpg": "2019-07-04T15:30:12",
    "2019-07-04 15.30.12-1.jpg": "2019-07-04T15:30:12",
    "2019-07-04 15.30.12": "2019-07-04T15:30:12",
    "2019-07-04 15.30.jpg": "2019-07-04T15:30:00",
    "2019-07-04 15h30.jpg": "2019-07-04T15:30:00",
    "2019-07-04_15-30-12.jpg": "2019-07-04T15:30:12",
    "2019-07-04T15:30:12.jpg": "2019-07-04T15:30:12",
    "2019.07.04 15.30.12.jpg": "2019-07-04T15:30:12",
    "2019-07-04.jpg": "2019-07-04",
    "2019_07_04.jpg": "2019-07-04",
    "2019.07.04.jpg": "2019-07-04",
    "2019 07 04.jpg": "2019-07-04",
    "2019-07-04 Birthday.jpg": "2019-07-04",
    "2019-07-04 12-13.jpg": "2019-07-04",
    "2019-07-04 - 2019-07-10.jpg": "2019-07-04",
    "2019-07-04 25.00.00.jpg": "2019-07-04",
    "2019-07-04 15.61.00.jpg": "2019-07-04",
    "2019-07-04 99.jpg": "2019-07-04",
    "Birthday 2019-07-04.jpg": "2019-07-04",
    "Grandma 1950-07-04.tif": "1950-07-04",
    "Scan_20190704.jpg": "2019-07-04",
    "DSC_0001_20190704.jpg": "2019-07-04",
    "20190704.jpg": "2019-07-04",
    "20190704a.jpg": "2019-07-04",
    "20190704_1530.jpg": "2019-07-04",
    "20190704_0012.jpg": "2019-07-04",
    "20190704_996012.jpg": "2019-07-04",
    "Фото 2019-07-04 в 15.30.12.jpg": "2019-07-04T15:30:12",
    "2019-02-30 and 2019-03-01.jpg": "2019-03-01",
    "FB_IMG_1562254212345.jpg": "2019-07-04T15:30:12.345Z",
    "mmexport1562254212345.jpg": "2019-07-04T15:30:12.345Z",
    "wx_camera_1562254212345.jpg": "2019-07-04T15:30:12.345Z",
    "RPReplay_Final1562254212.mp4": "2019-07-04T15:30:12Z",
}
UNDATED = """\
IMG_1234.jpg
DSC01234.ARW
DSC_20191345.jpg
20191345.jpg
20190230.jpg
20190000.jpg
2019-13-45.jpg
2019-02-30.jpg
2019-00-10.jpg
0000-00-00 00.00.00.jpg
00000000_000000.jpg
+4920190704.jpg
0151-20121112.jpg
0151 20121112.jpg
10201234567890_20121112_n.jpg
20121112-1234567.jpg
4915120190704.jpg
491512019070412.jpg
20121112_10201234567890_123456789_n.jpg
12345678_10201234567890_123456789_n.jpg
20190704-1a2b-4c3d-8e9f-0123456789ab.jpg
ab20190704cd12.jpg
deadbeef20190704cafe.png
12041231.jpg
18991231.jpg
17760704.jpg
1776-07-04.jpg
20990704.jpg
2099-07-04 12.00.00.jpg
20260602.jpg
FB_IMG_99999999999.jpg
FB_IMG_9999999999999.jpg
FB_IMG_1234.jpg
1562254212345.jpg
P1010001.JPG
100_0704.jpg
_MG_2019.CR2
2019.jpg
2019-07.jpg
04.07.2019.jpg
04072019.jpg
1080p.jpg
1920x1080.png
3840-2160.jpg
12-2019-7.jpg
20190704991907042.jpg
photo.jpg
.jpg
""".splitlines()
FOLDERS = {
    "2019/07/04": "2019-07-04",
    "2019/07/04 Birthday": "2019-07-04",
    "2019/7/4": "2019-07-04",
    "Photos/2019/07 July/04": "2019-07-04",
    "2019/07": "2019-07",
    "2019/02/30": "2019-02",
    "2019/07 July": "2019-07",
    "2019/07-Juli": "2019-07",
    "2019/2019-07": "2019-07",
    "2019/2019-07-04": "2019-07-04",
    "2019-07 Italy": "2019-07",
    "2019-07 Italy/Rome": "2019-07",
    "2019-07 Italy/Rome/raw/best": "2019-07",
    "2019_07": "2019-07",
    "2019.07.04": "2019-07-04",
    "201907__": "2019-07",
    "20190704": "2019-07-04",
    "20190704_Birthday": "2019-07-04",
    "Photos from 2019-07-04": "2019-07-04",
    "2018-01 Old/2019-07-04 New": "2019-07-04",
    "backup-20200101/2019/07/04": "2019-07-04",
}
NO_FOLDERS = """\
2019
2019/Italy
2019/01 Party
2019/13
2019/20 years
2019-13 Trip
2019-20 season
backup-20200101
Takeout 2024-01-01
Export 2020-05-01/raw
DCIM/100CANON
1000/2000
12/31
2099-07 Future
1920x1080
2019-07 Italy/a/b/c/d
""".splitlines()


def written(found: NamedDate | None) -> str | None:
    if found is None:
        return None
    if found.precision is Precision.MONTH:
        return f"{found.at:%Y-%m}"
    if found.precision is Precision.DAY:
        return f"{found.at:%Y-%m-%d}"
    zone = "" if found.offset_min is None else "Z"
    said = found.at.isoformat(timespec="milliseconds").removesuffix(".000")
    return said + zone


@pytest.mark.parametrize(("name", "said"), DATED.items())
def test_a_date_in_a_files_name_is_read(name: str, said: str) -> None:
    assert written(date_in_name(name, latest=LATEST)) == said


@pytest.mark.parametrize("name", UNDATED)
def test_a_number_that_is_no_date_is_none(name: str) -> None:
    assert date_in_name(name, latest=LATEST) is None


@pytest.mark.parametrize(("folders", "said"), FOLDERS.items())
def test_a_date_in_the_names_of_folders_is_read(folders: str, said: str) -> None:
    assert written(date_in_folders(folders.split("/"), latest=LATEST)) == said


@pytest.mark.parametrize("folders", NO_FOLDERS)
def test_folders_that_say_no_date_or_too_little_of_one_have_none(folders: str) -> None:
    assert date_in_folders(folders.split("/"), latest=LATEST) is None


@given(st.text(st.sampled_from("0123456789-_. IMGatPXLAPM(),+:hT/2019"), max_size=60))
def test_any_name_is_survived_and_says_nothing_of_the_future(name: str) -> None:
    for found in (
        date_in_name(name, latest=LATEST),
        date_in_folders(name.split("/"), latest=LATEST),
    ):
        assert found is None or datetime(1826, 1, 1) <= found.at <= LATEST  # noqa: DTZ001


@given(st.datetimes(datetime(1990, 1, 1), LATEST))  # noqa: DTZ001
def test_every_second_is_read_back_from_the_forms_of_cameras(moment: datetime) -> None:
    second = moment.replace(microsecond=0)
    for form in ("IMG_%Y%m%d_%H%M%S.jpg", "%Y-%m-%d %H.%M.%S.jpg", "%Y%m%d%H%M%S", "a%Y_%m_%d"):
        found = date_in_name(second.strftime(form), latest=LATEST)
        assert found is not None
        assert found.at == second or (found.precision, found.at.date()) == (
            Precision.DAY,
            second.date(),
        )
