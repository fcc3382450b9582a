"""Every sentence and spoken line, by stable id, in each language, as tables; no logic beyond looking one up."""

from reader.text.catalogue import BREAK, LANGUAGES, SOURCE, TIE, Catalogue, Language, UnknownText

__all__ = ["BREAK", "LANGUAGES", "SOURCE", "TIE", "Catalogue", "Language", "UnknownText"]
