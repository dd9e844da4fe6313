"""Whether four digits are a year, or so many metres, a model's name, or a title."""

from __future__ import annotations

import re
from datetime import date

from ingestion_orchestration_fastapi_app.domain.search.sentence.date_words import words_of
from ingestion_orchestration_fastapi_app.domain.search.sentence.periods import OLDEST

_AMONG_WORDS_FROM = 1990  # between two nouns an older number is a model's year: "1965 mustang"
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")
# A number after one of these is a name or an amount.
_NAMED = words_of(
    "a an the ein eine einen einem einer eines no nr nummer number room zimmer route highway "
    "autobahn flight bus line linie class platz hausnummer windows office word top model "
    "modell type typ gate track studio area about around over under almost nearly exactly "
    "only than more less etwa rund fast knapp mindestens bmw peugeot saab mercedes volvo audi "
    "porsche boeing airbus canon nikon sony eos olympus leica iphone galaxy ford fiat opel vw "
    "volkswagen chevrolet honda toyota mazda lada skoda renault citroen suzuki yamaha "
    "kawasaki harley ducati vespa apollo level lv page seite chapter kapitel version volume "
    "runner fifa nba madden euro score bib startnummer iso psalm opus op bwv kv die der das "
    "den dem each every alle pack expo "
    "reads read says saying called named titled labelled labeled marked numbered title titel "
    "locker population einwohner aufschrift inschrift zahl number schild sign label size größe"
)
# And before one of these it is one, too.
_COUNTED = words_of(
    "m km cm mm meter metre meters metres metern kilometer kilometers kilometres kilometern "
    "mile miles meilen feet foot ft fuß inch inches yard yards people persons person personen "
    "menschen leute gäste guests visitors besucher fans runners soldiers soldaten euro euros "
    "dollar dollars eur usd chf pounds franken yen cent cents pieces piece teile stück stücke "
    "pc bricks steps stufen years year jahre jahren jahr days tage tagen hours stunden "
    "minutes minuten seconds sekunden watts watt kw kwh hp ps cc ccm kg g gram grams gramm "
    "kilo tons tonnen liter liters litres calories kcal kalorien pixel pixels px dpi mp "
    "megapixels books book buch bücher novel roman movie film album song game spiel poster "
    "cover edition model modell series s er ers birds vögel trees bäume islands inseln stars "
    "sterne lights lichter candles kerzen balloons ballons flowers blumen roses rosen cars "
    "autos bottles flaschen stairs seats plätze rpm mah lumen kelvin degrees grad volt mbit "
    "mb gb tb a an the odyssey space ad bc v ford chevrolet chevy honda toyota bmw mercedes "
    "audi porsche vw volkswagen volvo fiat ferrari mustang corvette camaro dodge jeep nissan "
    "mazda subaru hyundai kia tesla jaguar harley buick cadillac pontiac plymouth chrysler "
    "lincoln opel renault peugeot citroen saab skoda truck pickup car sedan coupe convertible "
    "roadster beetle käfer bus guitar vintage wine wein jahrgang penny coin münze stamp "
    "briefmarke"
)
_TITLED = words_of("book buch novel roman copy movie film game episode")
_NOT_ROUND_AMONG = 100


def is_a_year(text: str, span: tuple[int, int], today: date, *, is_said: bool) -> bool:
    """`is_said`: a word before it says so, as in "in 2019"."""
    begin, end = span
    number = int(text[begin:end])
    if not OLDEST <= number <= today.year:
        return False
    before = [one.lower() for one in _WORD.findall(text[:begin])]
    after = [one.lower() for one in _WORD.findall(text[end:])]
    if after and after[0] in _COUNTED:
        return False
    if is_said:
        return number % _NOT_ROUND_AMONG != 0 or not after or _is_little(after[0])
    if (before and _is_of_a_name(before[-1])) or not _TITLED.isdisjoint(before[-3:]):
        return False
    if any(one in ("a", "an", "the", "ein", "eine", "einen") for one in before[-3:-1]) and after:
        return False  # a red 2008 sedan
    stands_alone = not after or _is_little(after[0]) or text[end:].lstrip()[:1] in ",;:.!?)"
    if stands_alone:
        return True
    return number >= _AMONG_WORDS_FROM and number % _NOT_ROUND_AMONG != 0


def _is_of_a_name(word: str) -> bool:
    return word in _NAMED or word.endswith("nummer")


def _is_little(word: str) -> bool:
    return word in _LITTLE


_LITTLE = words_of(
    "in on at with and or from near by for bei mit auf am im an und oder von vom aus zu zum "
    "zur unter über nahe beim last this"
)
