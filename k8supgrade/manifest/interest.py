"""Which objects the checks want to see: what a scan may pass over without parsing it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache


@lru_cache(maxsize=8)
def _raw(kinds: frozenset[tuple[str, str]]) -> frozenset[tuple[bytes, bytes]]:
    return frozenset((api_version.encode(), kind.encode()) for api_version, kind in kinds)


@lru_cache(maxsize=8)
def _encoded(words: tuple[str, ...]) -> frozenset[bytes]:
    return frozenset(word.encode() for word in words)


@dataclass(frozen=True, slots=True, kw_only=True)
class Interest:
    """A check says what it must see; the readers hand over just that.

    kinds: (apiVersion, kind) pairs whose header is enough.
    bodies: kind -> words; the object is parsed where the text holds one of them (an empty word: always).
    words: the object of whatever kind is parsed where the text holds one of them.
    companions: word -> what the text must hold one of as well, for the word to count.
    everything: parse each document in full (`--strict`).
    requests: who calls deprecated APIs.
    definitions: those of a live cluster's custom resources.

    Words are looked for in the raw text, so they must be such that YAML cannot spell them otherwise without
    an escape, an anchor or a tag; texts with those are parsed anyway.
    """

    kinds: frozenset[tuple[str, str]] = frozenset()
    bodies: Mapping[str, tuple[bytes, ...]] = field(default_factory=dict)
    words: tuple[bytes, ...] = ()
    companions: Mapping[bytes, tuple[bytes, ...]] = field(default_factory=dict)
    everything: bool = False
    requests: bool = False
    definitions: bool = False

    def raw_kinds(self) -> frozenset[tuple[bytes, bytes]]:
        """`kinds` as they stand in a text."""
        return _raw(self.kinds)

    def raw_bodies(self) -> frozenset[bytes]:
        """The kinds of `bodies` as they stand in a text."""
        return _encoded(tuple(self.bodies))

    def wants_body(self, kind: str, text: bytes, *, has_words: bool = True) -> bool:
        """Whether the object must be parsed. `has_words` False: the caller knows that none of `words` is there."""
        triggers = self.bodies.get(kind)
        if triggers is not None and any(word in text for word in triggers):
            return True
        return has_words and self.has_words(text)

    def has_words(self, text: bytes) -> bool:
        return any(word in text and self._counts(word, text) for word in self.words)

    def _counts(self, word: bytes, text: bytes) -> bool:
        companions = self.companions.get(word)
        return companions is None or any(companion in text for companion in companions)


def union(interests: Iterable[Interest]) -> Interest:
    """What all the checks together want."""
    kinds: set[tuple[str, str]] = set()
    bodies: dict[str, tuple[bytes, ...]] = {}
    words: dict[bytes, tuple[bytes, ...] | None] = {}
    everything = requests = definitions = False
    for interest in interests:
        kinds |= interest.kinds
        for kind, triggers in interest.bodies.items():
            bodies[kind] = tuple(dict.fromkeys((*bodies.get(kind, ()), *triggers)))
        for word in interest.words:
            ours, theirs = words.get(word, ()), interest.companions.get(word)
            words[word] = None if ours is None or theirs is None else tuple(dict.fromkeys((*ours, *theirs)))
        everything = everything or interest.everything
        requests = requests or interest.requests
        definitions = definitions or interest.definitions
    companions = {word: needed for word, needed in words.items() if needed is not None}
    return Interest(
        kinds=frozenset(kinds),
        bodies=bodies,
        words=tuple(words),
        companions=companions,
        everything=everything,
        requests=requests,
        definitions=definitions,
    )
