"""Words of English and German that hold a sentence together and show nothing in a picture.

In a search for any of several words they would find every caption. A collection may be small, so
that BM25 alone does not see how common they are. None of them is left out where it is quoted.
"""

from __future__ import annotations

from ingestion_orchestration_fastapi_app.domain.library.search_terms import terms

_ENGLISH = """
a an the this that these those and or but nor of in on at by for from with without to into onto
over under as is are was were be been being am do does did has have had it its he she they them
his her their we our you your i my me who whom which what where when there here some any not no
photo photos picture pictures image images show me
"""
_GERMAN = """
der die das den dem des ein eine einen einem einer eines und oder aber von vom im in am an auf aus
bei beim mit ohne zu zum zur für fuer über ueber unter vor hinter nach als ist sind war waren sein
es er sie wir ihr ich mein dein unser wer was wo wann nicht kein keine foto fotos bild bilder zeige
"""

FUNCTION_WORDS = frozenset(terms(_ENGLISH + _GERMAN))
