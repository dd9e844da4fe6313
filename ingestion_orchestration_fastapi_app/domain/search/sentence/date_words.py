"""Words of dates in English and German, as parts of regular expressions."""

from __future__ import annotations

from ingestion_orchestration_fastapi_app.domain.search.sentence.periods import Season


def words_of(text: str) -> frozenset[str]:
    return frozenset(text.split())


MONTHS = {
    **dict.fromkeys(("january", "jan", "januar", "jänner", "jaenner"), 1),
    **dict.fromkeys(("february", "feb", "februar", "feber"), 2),
    **dict.fromkeys(("march", "mar", "märz", "maerz", "mär"), 3),
    **dict.fromkeys(("april", "apr"), 4),
    **dict.fromkeys(("may", "mai"), 5),
    **dict.fromkeys(("june", "jun", "juni"), 6),
    **dict.fromkeys(("july", "jul", "juli"), 7),
    **dict.fromkeys(("august", "aug"), 8),
    **dict.fromkeys(("september", "sept", "sep"), 9),
    **dict.fromkeys(("october", "oct", "oktober", "okt"), 10),
    **dict.fromkeys(("november", "nov"), 11),
    **dict.fromkeys(("december", "dec", "dezember", "dez"), 12),
}
SEASONS = {
    **dict.fromkeys(("spring", "springtime", "frühling", "fruehling", "frühjahr"), Season.SPRING),
    **dict.fromkeys(("summer", "summertime", "sommer"), Season.SUMMER),
    **dict.fromkeys(("autumn", "fall", "herbst"), Season.AUTUMN),
    **dict.fromkeys(("winter", "wintertime"), Season.WINTER),
}
COUNTS = {
    **dict.fromkeys(("a", "an", "one", "ein", "einem", "einer", "einen"), 1),
    **dict.fromkeys(("two", "zwei"), 2),
    **dict.fromkeys(("three", "drei"), 3),
    **dict.fromkeys(("four", "vier"), 4),
    **dict.fromkeys(("five", "fünf", "fuenf"), 5),
    **dict.fromkeys(("six", "sechs"), 6),
    **dict.fromkeys(("seven", "sieben"), 7),
    **dict.fromkeys(("eight", "acht"), 8),
    **dict.fromkeys(("nine", "neun"), 9),
    **dict.fromkeys(("ten", "zehn"), 10),
}
UNITS = {
    **dict.fromkeys(("day", "days", "tag", "tage", "tagen"), "day"),
    **dict.fromkeys(("week", "weeks", "woche", "wochen"), "week"),
    **dict.fromkeys(("weekend", "weekends", "wochenende"), "weekend"),
    **dict.fromkeys(("month", "months", "monat", "monats", "monate", "monaten"), "month"),
    **dict.fromkeys(("year", "years", "jahr", "jahrs", "jahres", "jahre", "jahren"), "year"),
}
# A month that is a word, too, is none after "last".
_OF_TWO_MEANINGS = ("march", "mar", "may", "sep", "dec", "mär", "jan", "jun", "jul", "apr", "aug")


def _any_of(words: dict[str, object] | tuple[str, ...]) -> str:
    return "(?:" + "|".join(sorted(words, key=len, reverse=True)) + ")"


_LAST = (
    "(?:last|this past|letzte[rsnm]?|vergangene[rsnm]?|vorige[rsnm]?|voriges|vergangenes|letztes)"
)
_THIS = "(?:this|diese[rsnm]?|heurige[rsnm]?)"
LAST = f"(?P<last>{_LAST})"
WHICH = f"(?:{LAST}|(?P<this>{_THIS}))"
MONTH = f"(?P<month>{_any_of({**MONTHS})})\\.?"
MONTH_ALONE = f"(?P<month>{_any_of(tuple(one for one in MONTHS if one not in _OF_TWO_MEANINGS))})"
SEASON = f"(?P<season>{_any_of({**SEASONS})})"
COUNT = rf"(?P<count>\d{{1,2}}|{_any_of({**COUNTS})})"
UNIT = f"(?P<unit>{_any_of({**UNITS})})"
YEAR = r"(?P<year>(?:19|20)\d\d)(?![\w°%€$£]|[.,:/\-–]\d|\s?[°%€$£])"
SHORT_YEAR = r"['’](?P<short>\d\d)(?!\w)"
TO = r"(?:\s?[-–]\s?|\s+(?:to|and|until|till|bis|und)\s+)"
# What stands before a date and goes with it.
BEFORE = (
    r"(?:\b(?:in|im|from|during|over|on|of|am|vom|von|aus|seit)\s+)?"
    r"(?:\b(?:the|dem|den|der|des)\s+)?"
)
OF = r"(?:\s+(?:of|in|im|des|aus)(?:\s+(?:the|dem))?(?:\s+(?:year|jahre?s?))?|,)?\s+"
UNTIL = rf"(?P<until_month>{_any_of({**MONTHS})})\.?{OF}(?P<until>(?:19|20)\d\d)(?![\w\-/])"
END = (
    r"(?![\w])(?![-–][^\W\d_])"
    r"(?!['’]s\s+(?:news|newspaper|paper|bread|special|menu)\b)(?:['’]s\b)?(?![\s-]+(?:of|show)\b)"
)
